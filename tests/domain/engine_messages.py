"""Messages as engines write them: text, its cause, and whether another try is worth it."""

from __future__ import annotations

from chalicelib.domain.verdict import Cause

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
HUB = "registry-1.docker.io"

FARGATE: list[tuple[str, Cause, bool]] = [
    (
        (
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
            f"resolve ref {ECR}/web:v9: {ECR}/web:v9: not found"
        ),
        Cause.IMAGE_MISSING,
        False,
    ),
    (
        "CannotPullContainerError: Error response from daemon: manifest unknown",
        Cause.IMAGE_MISSING,
        False,
    ),
    (
        (
            f"CannotPullContainerError: Error response from daemon: repository "
            f"{ECR}/web not found: "
            "does not exist or no pull access"
        ),
        Cause.IMAGE_MISSING,
        False,
    ),
    (
        (
            "CannotPullContainerError: image Manifest does not contain descriptor "
            "matching platform "
            "'linux/amd64'"
        ),
        Cause.IMAGE_ARCH,
        False,
    ),
    (
        (
            "CannotPullContainerError: Error response from daemon: pull access "
            "denied for acme/web, "
            "repository does not exist or may require 'docker login'"
        ),
        Cause.IMAGE_AUTH,
        False,
    ),
    (
        "CannotPullContainerError: denied: requested access to the resource is denied",
        Cause.IMAGE_AUTH,
        False,
    ),
    (
        (
            f"CannotPullContainerError: failed to resolve ref {ECR}/web:1: pulling from host {ECR} "
            "failed with status code [manifests 1]: 403 Forbidden"
        ),
        Cause.IMAGE_AUTH,
        False,
    ),
    (
        (
            "CannotPullContainerError: The task can\u2019t pull the image. Check "
            "that the role has the "
            "permissions to pull images from the registry."
        ),
        Cause.IMAGE_AUTH,
        False,
    ),
    (
        (
            f"CannotPullContainerError: failed to resolve ref docker.io/acme/web:1: Head "
            f'"https://{HUB}/v2/acme/web/manifests/1": dial tcp 34.205.13.154:443: i/o timeout'
        ),
        Cause.IMAGE_PULL,
        True,
    ),
    (
        (
            "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: "
            "httpReadSeeker: failed open: unexpected status code"
        ),
        Cause.IMAGE_PULL,
        True,
    ),
    (
        (
            f"CannotPullContainerError: Get https://{HUB}/v2/: net/http: request canceled while "
            "waiting for connection (Client.Timeout exceeded while awaiting headers)"
        ),
        Cause.IMAGE_PULL,
        True,
    ),
    (
        (
            "CannotPullContainerError: toomanyrequests: You have reached your unauthenticated pull "
            "rate limit."
        ),
        Cause.IMAGE_PULL,
        True,
    ),
    (
        "CannotPullContainerError: failed to copy: unexpected status code 503 Service Unavailable",
        Cause.IMAGE_PULL,
        True,
    ),
    ("CannotPullContainerError: something that nobody has seen yet", Cause.IMAGE_PULL, True),
    (
        (
            "CannotPullContainerError: failed to register layer: write "
            "/usr/lib/x.so: no space left "
            "on device"
        ),
        Cause.DISK_FULL,
        False,
    ),
    (
        (
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed "
            "to unpack image on "
            "snapshotter overlayfs: failed to extract layer"
        ),
        Cause.DISK_FULL,
        False,
    ),
    (
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: "
            "execution resource "
            "retrieval failed: AccessDeniedException: not authorized to perform: ecr:Get"
        ),
        Cause.TASK_INIT,
        False,
    ),
    (
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: pull command "
            "failed: dial tcp 10.0.0.4:443: i/o timeout"
        ),
        Cause.TASK_INIT,
        True,
    ),
    (
        (
            "ResourceInitializationError: failed to initialize logging driver: the "
            "log group does not "
            "exist"
        ),
        Cause.TASK_INIT,
        False,
    ),
    ("OutOfMemoryError: Container killed due to memory usage", Cause.OUT_OF_MEMORY, False),
    ("OutOfMemory: container killed due to memory usage", Cause.OUT_OF_MEMORY, False),
    ("CannotStartContainerError: failed to get container status", Cause.CONTAINER_START, False),
    (
        "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
        Cause.CONTAINER_START,
        True,
    ),
    (
        "ContainerRuntimeTimeoutError: Could not transition to running; timed out after 1m",
        Cause.CONTAINER_START,
        True,
    ),
    ("Timeout waiting for network interface provisioning to complete.", Cause.PLATFORM, True),
    ("Timeout waiting for EphemeralStorage provisioning to complete.", Cause.PLATFORM, True),
    (
        (
            "Unexpected EC2 error while attempting to Create Network Interface with public IP "
            "assignment enabled in subnet 'subnet-0'"
        ),
        Cause.PLATFORM,
        True,
    ),
    ("InternalError: the task could not be started", Cause.PLATFORM, True),
    (
        "ECS is performing maintenance on the underlying infrastructure hosting the task.",
        Cause.PLATFORM,
        True,
    ),
    ("Capacity is unavailable at this time. Please try again later", Cause.CAPACITY, True),
    ("Your Spot Task was interrupted.", Cause.SPOT_INTERRUPTED, True),
    ("Host EC2 (instance i-0abc) terminated.", Cause.HOST_LOST, True),
]

DOCKER: list[tuple[str, Cause, bool]] = [
    (
        "manifest for 127.0.0.1:5000/app:nope not found: manifest unknown: manifest unknown",
        Cause.IMAGE_MISSING,
        False,
    ),
    ("name unknown: repository name not known to registry", Cause.IMAGE_MISSING, False),
    ("No such image: nope:1", Cause.IMAGE_MISSING, False),
    ("invalid reference format", Cause.IMAGE_MISSING, False),
    (
        (
            "pull access denied for app, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied"
        ),
        Cause.IMAGE_AUTH,
        False,
    ),
    (
        'Head "http://127.0.0.1:5001/v2/app/manifests/1": no basic auth credentials',
        Cause.IMAGE_AUTH,
        False,
    ),
    (
        'Get "http://127.0.0.1:5001/v2/": unauthorized: authentication required',
        Cause.IMAGE_AUTH,
        False,
    ),
    (
        'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
        Cause.IMAGE_PULL,
        True,
    ),
    (
        (
            '500 Server Error: Internal Server Error ("Get "https://r.test/v2/": dial tcp: lookup '
            'r.test on 10.0.0.2:53: no such host")'
        ),
        Cause.IMAGE_PULL,
        True,
    ),
    ('Get "https://r.test/v2/": net/http: TLS handshake timeout', Cause.IMAGE_PULL, True),
    (
        'Get "https://r.test/v2/": x509: certificate signed by unknown authority',
        Cause.IMAGE_PULL,
        False,
    ),
    (
        'Get "https://r.test/v2/": http: server gave HTTP response to HTTPS client',
        Cause.IMAGE_PULL,
        False,
    ),
    ("received unexpected HTTP status: 502 Bad Gateway", Cause.IMAGE_PULL, True),
    (
        "no matching manifest for linux/arm64/v8 in the manifest list entries",
        Cause.IMAGE_ARCH,
        False,
    ),
    (
        "standard_init_linux.go:228: exec user process caused: exec format error",
        Cause.IMAGE_ARCH,
        False,
    ),
    ("write /var/lib/docker/tmp/x: no space left on device", Cause.DISK_FULL, False),
]

DOCKER_START: list[tuple[str, Cause, bool]] = [
    (
        (
            "failed to create shim task: OCI runtime create failed: runc create failed: unable to "
            'start container process: exec: "/nope": stat /nope: no such file or directory: unknown'
        ),
        Cause.CONTAINER_START,
        False,
    ),
    (
        "OCI runtime create failed: container init was OOM-killed (memory limit too low?)",
        Cause.OUT_OF_MEMORY,
        False,
    ),
    (
        "unable to find user nosuch: no matching entries in passwd file",
        Cause.CONTAINER_START,
        False,
    ),
    (
        (
            "driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:80 "
            "failed: port is already allocated"
        ),
        Cause.PLATFORM,
        True,
    ),
    ("Minimum memory limit allowed is 6MB", Cause.LAUNCH_REFUSED, False),
    (
        "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
        Cause.LAUNCH_REFUSED,
        False,
    ),
    ("Cannot connect to the Docker daemon at unix:///run/docker.sock.", Cause.HOST_LOST, True),
]
