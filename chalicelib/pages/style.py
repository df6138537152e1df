"""The style of all pages, in the page itself: nothing else is loaded."""

from __future__ import annotations

STYLE = """\
:root { color-scheme: light dark; --text: #1f2328; --back: #fff; --soft: #59636e; --line: #d1d9e0;
  --log: #f6f8fa; --link: #0969da; --good: #1a7f37; --bad: #cf222e; --ours: #8250df;
  --busy: #9a6700; --stopped: #59636e; }
@media (prefers-color-scheme: dark) { :root { --text: #f0f6fc; --back: #0d1117; --soft: #9198a1;
  --line: #3d444d; --log: #151b23; --link: #4493f8; --good: #3fb950; --bad: #f85149;
  --ours: #ab7df8; --busy: #d29922; --stopped: #9198a1; } }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; color: var(--text);
  background: var(--back); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 1.5rem 0 .5rem; }
a { color: var(--link); } nav, footer, .soft, caption { color: var(--soft); }
footer { margin-top: 2rem; font-size: .875rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; } caption { text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem 1rem .25rem 0; text-align: left;
  vertical-align: top; overflow-wrap: break-word; } th { font-weight: 600; }
tbody th { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
.passed { color: var(--good); } .failed, .timed_out { color: var(--bad); }
.errored { color: var(--ours); } .cancelled, .skipped { color: var(--stopped); }
.queued, .starting, .running, .waiting, .pending, .held { color: var(--busy); }
.word { font-weight: 600; }
pre { background: var(--log); border: 1px solid var(--line); padding: .75rem; margin: .5rem 0;
  font: .8125rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  unicode-bidi: plaintext; tab-size: 8; }
pre .bold { font-weight: 700; } pre .cut { color: var(--soft); }
pre .red { color: var(--bad); } pre .green { color: var(--good); }
pre .yellow { color: var(--busy); } pre .blue, pre .cyan { color: var(--link); }
pre .magenta { color: var(--ours); } pre .black, pre .white { color: var(--soft); }
"""
