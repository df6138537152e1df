"""The repository's file: ``.towline.yml`` or a plain ``.travis.yml``, read, checked and planned.

Pure: text and an event in, jobs (or problems with their lines) out. ``docs/repository-file.md`` is
what users read.
"""
