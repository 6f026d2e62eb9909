# The wheel and everything it needs, in one virtual environment; then Debian with that and rpki-client.
FROM debian:trixie-slim AS build

RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3-venv \
    && rm -rf /var/lib/apt/lists/*

# Locks alone first: this layer, the slow one, changes only with them.
COPY requirements-image.lock requirements-build.lock /src/
RUN python3 -m venv /build \
    && /build/bin/pip install --no-cache-dir --no-deps --require-hashes \
        -r /src/requirements-build.lock \
    && python3 -m venv --without-pip /opt/byoip \
    && /build/bin/pip --python /opt/byoip install --no-cache-dir --no-deps --only-binary :all: \
        --require-hashes -r /src/requirements-image.lock

WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY cli cli
COPY docs/guide docs/guide
COPY docs/command-line.md docs/concepts.md docs/events.md docs/notifications.md docs/runbook.md docs/
COPY migrations migrations
COPY src src
RUN /build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels ./cli . \
    && /build/bin/pip --python /opt/byoip install --no-cache-dir --no-deps /wheels/*.whl


FROM debian:trixie-slim

# Debian's rpki-client brings rsync and the five trust anchor locators (/etc/tals). It asks for a
# sysusers implementation: the standalone one, or all of systemd comes along.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        ca-certificates python3 rpki-client rpki-trust-anchors systemd-standalone-sysusers \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
    && useradd --uid 10001 --user-group --home-dir /var/lib/byoip --no-create-home byoip \
    && install --directory --owner byoip --group byoip --mode 0700 \
        /var/lib/byoip /var/lib/byoip/rpki

COPY --from=build /opt/byoip /opt/byoip

# BYOIP_PUBLIC_URL and DATABASE_URL are the operator's to give.
ENV PATH=/opt/byoip/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
    PYTHONUNBUFFERED=1 \
    BYOIP_HOST=0.0.0.0 \
    BYOIP_PORT=8080

USER 10001:10001
WORKDIR /var/lib/byoip
EXPOSE 8080
STOPSIGNAL SIGTERM

# For the API; a worker serves no port (docker-compose.yml turns this off there). A process that
# lives is healthy: /readyz is for load balancers, a restart does not bring a database back.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['BYOIP_PORT'] + '/healthz', timeout=4)"]

ENTRYPOINT ["byoip"]
CMD ["api"]
