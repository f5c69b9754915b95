# One image for every process: `up` (the default), `runsyncer`, `web`, `qcluster`, `prepare`, `migrate`.
# BASE is any Debian with Python 3.11 or newer. Pin it by digest where builds must repeat.
ARG BASE=docker.io/library/python:3.13-slim-bookworm

FROM ${BASE} AS build
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/catalyst
WORKDIR /opt/catalyst
COPY requirements.txt .
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN /build/bin/pip --python bin/python install --no-compile --require-hashes -r requirements.txt && rm requirements.txt \
    && ln -s "$(bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" site-packages \
    && printf '%s\n' '#!/opt/catalyst/bin/python' 'import sys' 'from catalyst.cli import main' 'sys.exit(main())' \
        > bin/catalyst-dns-sync && chmod +x bin/catalyst-dns-sync
COPY catalyst site-packages/catalyst
COPY records site-packages/records
COPY syncer site-packages/syncer
# What is never loaded: all of the Kubernetes client but a few modules (120 MB; syncer/kube/client.py says why),
# translations, tests of packages.
RUN cd site-packages/ \
    && find kubernetes -mindepth 1 -maxdepth 1 -not -name client -not -name utils -exec rm -rf {} + \
    && rm -rf kubernetes/client/api kubernetes/client/apis kubernetes/client/models \
    && find . -path '*/locale/*' -not -path '*/locale/en/*' -type f -name 'django*.[mp]o' -delete \
    && find . -type d \( -name tests -o -name test \) -not -path './django/*' -prune -exec rm -rf {} +
# The root file system is read-only, so nothing can be compiled later; without time stamps, so that builds repeat. At 2
# for the syncer, which runs without docstrings (catalyst/lean.py), and at 0 for what else there is.
RUN python3 -m compileall -q -j 0 -o 0 -o 2 --invalidation-mode unchecked-hash lib

FROM ${BASE}
ARG VERSION=unknown
ARG GIT_COMMIT=unknown
LABEL org.opencontainers.image.title="Catalyst DNS Sync" \
      org.opencontainers.image.description="Keeps DNS records in step with the Ingresses and routes of a Kubernetes cluster" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}"
# No shell of its own, no password, no pip, nothing that makes a user into another.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin catalyst \
    && install -d -o 10001 -g 10001 -m 0750 /data \
    && rm -rf /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/ensurepip /usr/local/bin/pip* \
    && find / -xdev -perm /6000 -exec chmod a-s {} +
# Images of Docker's library come without the standard library's byte code; what has it (Debian's) is left as it is.
RUN python3 -m compileall -q -j 0 -o 0 -o 2 --invalidation-mode unchecked-hash \
    "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=build /opt/catalyst /opt/catalyst
ENV PATH=/opt/catalyst/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    USER=catalyst \
    DATA_DIR=/data \
    WEB_BIND_ADDRESS=:8000 \
    WEB_METRICS_BIND_ADDRESS=:8082 \
    TASKS_PROBE_ADDRESS=:8083 \
    GIT_COMMIT=${GIT_COMMIT}
# By number: Kubernetes cannot tell from a name that it is not root (runAsNonRoot).
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000 8080 8081 8082 8083
HEALTHCHECK --interval=30s --timeout=5s --start-period=40s --retries=3 CMD ["catalyst-dns-sync", "health"]
ENTRYPOINT ["catalyst-dns-sync"]
CMD ["up"]
