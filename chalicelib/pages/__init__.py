"""Plain pages without scripts: a job, a build and a badge. Pure: values in, HTML or SVG out."""
