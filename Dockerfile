# The server as a small image: built in one stage, run in another that holds the binary and little else.
# tests/image checks this file against the project without a container engine.

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build

# The dependencies alone, under an empty program: a layer that only a changed Cargo.lock builds anew.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked \
    && rm -rf src

COPY askama.toml build.rs ./
COPY migrations migrations
COPY src src
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked

FROM debian:bookworm-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /build/target/release/ferrobyte /usr/local/bin/ferrobyte
RUN groupadd --gid 10001 ferrobyte \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin ferrobyte \
    && install --directory --mode 0700 --owner 10001 --group 10001 /data

# The root file system may be read-only: /data is the only place that is written.
ENV FERROBYTE_LISTEN=0.0.0.0:8000 \
    FERROBYTE_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["/usr/local/bin/ferrobyte", "health"]
ENTRYPOINT ["/usr/local/bin/ferrobyte"]
CMD ["serve"]
