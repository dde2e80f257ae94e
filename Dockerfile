# portlint from the wheel, as a user who owns nothing. First, in a checkout of portlint: python -m build --wheel
FROM python:3.12-slim
COPY dist/portlint-*.whl /tmp/wheel/
RUN pip install --no-cache-dir --disable-pip-version-check /tmp/wheel/portlint-*.whl \
 && rm -r /tmp/wheel
ENV XDG_CACHE_HOME=/tmp
WORKDIR /src
USER 10001:10001
# Isolated: nothing is imported from /src, whatever the variables say that the container is given.
ENTRYPOINT ["/usr/local/bin/python", "-I", "-m", "portlint"]
CMD ["check"]
