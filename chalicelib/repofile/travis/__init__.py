"""``.travis.yml`` of the plain kind: shell commands, variables and branches.

No language's defaults. It follows https://docs.travis-ci.com/user/job-lifecycle/ and
/user/customizing-the-build/.
"""
