"""All that speaks GitHub: deliveries of webhooks in, statuses out, and the API between.

No table, no queue, no boto3: what comes in becomes small values (``events``), what goes out is
made of small values (``statuses``, ``check_runs``), and ``client`` asks GitHub. ``docs/github.md``
is what users read.
"""
