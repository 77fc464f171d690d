package dev.earshot.cli.interop;

import static dev.earshot.cli.interop.Case.http2;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients and origins of HTTP/2: chosen by ALPN, and by prior knowledge inside a CONNECT. */
@Tag("interop")
class Http2InteropIT {
  @RegisterExtension
  static final LabOfClass LAB =
      new LabOfClass(
          lab -> {
            lab.buildGo();
            Repositories.git(lab);
          },
          OriginKind.NODE,
          OriginKind.NGINX,
          OriginKind.NGHTTPD);

  static List<Case> cases() {
    return List.of(
        http2(
            "curl",
            Curl.COUNT + Curl.COUNT_AGAIN,
            Curl.script(Curl.CALLS + Curl.AGAIN, "--http2", List.of("https://{node.h2}"))),
        // With -p, curl makes a tunnel also for what is in the clear. A second request on such a
        // connection is beyond curl 7.88.
        http2(
            "curl with prior knowledge",
            Curl.COUNT,
            Curl.script(Curl.CALLS, "-p --http2-prior-knowledge", List.of("http://{node.h2c}"))),
        http2(
            "curl and nginx",
            6,
            """
            c() { echo; curl -sS --http2 --suppress-connect-headers -D {tmp}/head "$@"
              grep -i '^content-\\|^etag\\|^last-\\|^http' {tmp}/head; }
            u=https://{nginx.h2}; rm -f {work}/www/put/file; seq 300000 > {tmp}/file
            c $u/a.txt | sha256sum; c -H 'Accept-Encoding: br' $u/a.txt | sha256sum
            c -H 'Accept-Encoding: gzip' $u/a.txt | sha256sum; c -r 10-20 $u/a.txt
            c -T {tmp}/file $u/put/file; curl -sS --http2 $u/put/file | sha256sum
            """),
        http2(
            "connections of five requests",
            12,
            "curl -sS --http2 'https://{nginx.h2short}/a.txt?[1-12]' | sha256sum"),
        http2(
            "curl and nghttpd",
            4,
            """
            u=https://{nghttpd.h2}; seq 300000 > {tmp}/file
            curl -sS -D - -o {tmp}/out --suppress-connect-headers $u/a.txt | grep -v ^date:
            sha256sum {tmp}/out; curl -sS -T {tmp}/file $u/echo | sha256sum; curl -sS -d x=y $u/echo
            curl -sS -o {tmp}/out -w '%{http_version} %{http_code}' $u/missing
            """),
        http2(
            "nghttp",
            13,
            nghttp("nghttp -m 10 -H :authority:{node.h2} https://localhost:%/text")
                + "seq 300000 > {tmp}/file\n"
                + nghttp("nghttp -d {tmp}/file -H :authority:{node.h2} https://localhost:%/digest")
                + nghttp("nghttp -H :authority:{node.h2} https://localhost:%/big?bytes=1000000")
                + nghttp(
                    "nghttp -d {tmp}/file --trailer x-digest:abc -H :authority:{node.h2}"
                        + " https://localhost:%/digest")),
        http2(
            "h2load",
            1000,
            "{forward} {node.h2} h2load -n 1000 -c 4 -m 25 --connect-to=127.0.0.1:%"
                + " https://{node.h2}/text | grep '^requests\\|^status'"),
        http2("node http2", 5, "{node24} {scripts}/node-calls.mjs http2 https://{node.h2}"),
        http2(
            "node http2 in the clear",
            5,
            "{node24} {scripts}/node-calls.mjs http2 http://{node.h2c}"),
        http2("node undici", 5, "{node24} {scripts}/node-calls.mjs undici-h2 https://{node.h2}"),
        http2("httpx", 6, "{python} {scripts}/calls.py httpx-h2 https://{node.h2}"),
        http2("go", 6, "{work}/calls 2 https://{node.h2}"),
        http2("java", 5, "{java} {scripts}/Calls.java 2 https://{node.h2}"),
        http2("java on PATH", 5, "java {scripts}/Calls.java 2 https://{node.h2}"),
        http2("gRPC", 6, "{node24} {scripts}/grpc.mjs https {node.grpcs}"),
        http2("gRPC in the clear", 6, "{node24} {scripts}/grpc.mjs http {node.grpc}"),
        http2("git", Repositories.GIT_CALLS, Repositories.gitCalls("https://{nginx.h2}")),
        http2("chromium", 7, "{node24} {scripts}/browser.mjs https://{node.h2}/page"),
        http2(
            "chromium with WebSockets in streams",
            7,
            "{node24} {scripts}/browser.mjs https://{node.h2ws}/page"));
  }

  /** A program of nghttp2, which knows no proxy. */
  private static String nghttp(String command) {
    return "{forward} {node.h2} " + command + "\n";
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theSameBothWays(Case each) throws Exception {
    LAB.same(each);
  }
}
