# SPDX-License-Identifier: Apache-2.0
#
# The development image: Debian 12, which is the toolchain of record, with everything ./dev installs
# and the upstream sources in its cache. Inside it every verb of ./dev works with --offline.
#
#   docker build -t shimfuzz .
#   docker run --rm -it shimfuzz ./dev fuzz
FROM debian:bookworm

WORKDIR /shimfuzz

# Only what ./dev setup reads, so that a change of the code does not repeat it.
COPY dev ./
COPY cmake/upstream_sources.txt cmake/
RUN ./dev setup --yes

COPY . .
CMD ["./dev"]
