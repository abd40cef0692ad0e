# One image for everything of somalink that runs in a container: the one-shot set-up, the demo, the shipper, a strap by the host's Bluetooth.
# Which of them it is, the command says (compose.yaml), and so does the health check: an image that is four things has none of its own.
#   docker build -t somalink .
#   docker build --build-arg BASE=another-debian-with-python3-and-venv -t somalink .
ARG BASE=python:3.12-slim-bookworm

# ---------------------------------------------------------------- what others wrote, as the lock has it
FROM ${BASE} AS locked
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# pip stays outside the environment that it fills. The lock comes alone: it changes seldom, so this stage is kept; every file is held to its hash
# (docs/decisions/0006).
RUN python3 -m venv /pip && python3 -m venv --without-pip /app
COPY requirements.txt ./
RUN /pip/bin/python -m pip --python /app/bin/python install --quiet --require-hashes -r requirements.txt

# ---------------------------------------------------------------- what we wrote, built here and laid apart; node and the sources stay behind
FROM locked AS built
# The page's chart comes by npm, of the wheel, as package-lock.json pins it (docs/decisions/0022).
COPY requirements-node.txt ./
RUN /pip/bin/python -m pip --python /app/bin/python install --quiet --require-hashes -r requirements-node.txt
COPY pyproject.toml README.md LICENSE MANIFEST.in package.json package-lock.json ./
COPY setup setup
COPY somalink somalink
COPY ingest ingest
COPY processing processing
COPY dashboards dashboards
RUN /pip/bin/python -m pip --python /app/bin/python install --quiet --no-deps --no-build-isolation --prefix /ours .

# ---------------------------------------------------------------- what runs
FROM ${BASE}
ARG REVISION=""
LABEL org.opencontainers.image.title="somalink" \
      org.opencontainers.image.description="Arousal against your own usual, linked to the moments you tag. A wellness instrument, not a diagnosis." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
# The number, not the name, is what volumes remember; /data is theirs alone, and a new volume takes its owner and mode from here.
RUN groupadd --gid 1000 somalink \
    && useradd --uid 1000 --gid 1000 --home-dir /data --no-create-home --shell /usr/sbin/nologin somalink \
    && install -d -o 1000 -g 1000 -m 0700 /data
COPY --from=locked /app /app
COPY --from=built /ours /app
COPY deploy/sbom.py deploy/set_up.py deploy/relay.py /usr/share/somalink/
COPY LICENSE package-lock.json /usr/share/somalink/
# Written from what is really here, in the last stage, so that it can name nothing that is not, and misses nothing that is.
RUN /app/bin/python /usr/share/somalink/sbom.py /usr/share/somalink/package-lock.json /usr/share/somalink/sbom.json
ENV PATH=/app/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/data \
    XDG_CONFIG_HOME=/data/config \
    SOMALINK_STORE=/data/store.db \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 1000:1000
WORKDIR /data
CMD ["somalink", "--help"]
