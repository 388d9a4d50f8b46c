# The gateway as a static binary in an otherwise empty image: no shell, no
# package manager, no root.
#
#   docker build --build-arg VERSION=1.2.3 -t stompgw .
#   docker run -p 8080:8080 -e STOMPGW_BROKERS=tcp://broker:61613 stompgw
#
# The admin listener is on the container's loopback by default, which is enough
# for the health check below. To scrape /metrics from outside, set
# STOMPGW_ADMIN_LISTEN=:9090. Stop it with more patience than
# STOMPGW_DRAIN_TIMEOUT has: docker stop -t 35.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/stompgw ./cmd/stompgw

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/stompgw /stompgw
ENV PATH=/
USER 65532:65532
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s CMD ["/stompgw", "healthcheck"]
ENTRYPOINT ["/stompgw"]
