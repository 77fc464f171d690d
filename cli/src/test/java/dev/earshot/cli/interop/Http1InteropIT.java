package dev.earshot.cli.interop;

import static dev.earshot.cli.interop.Case.HTTP_1_0;
import static dev.earshot.cli.interop.Case.HTTP_1_1;
import static dev.earshot.cli.interop.Case.http1;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients and origins of HTTP/1. */
@Tag("interop")
class Http1InteropIT {
  private static final String NODE = "http://{node.http} https://{node.https}";

  @RegisterExtension
  static final LabOfClass LAB =
      new LabOfClass(Lab::buildGo, OriginKind.NODE, OriginKind.PYTHON, OriginKind.NGINX);

  static List<Case> cases() {
    return List.of(
        http1(
            "curl",
            2 * (Curl.COUNT + Curl.COUNT_AGAIN),
            Curl.script(Curl.CALLS + Curl.AGAIN, "--http1.1", List.of(NODE))),
        new Case(
            "curl of HTTP/1.0",
            8,
            HTTP_1_0,
            HTTP_1_1,
            HTTP_1_1,
            """
            c() { curl -sS --http1.0 --suppress-connect-headers "$@"; }
            u=http://{node.http}; { c -i $u/text; c -I $u/text; } | sed /^Connection:/d; c -d x=y $u/digest
            c "$u/big?bytes=100000" | sha256sum
            u=https://{nginx.https}; c $u/a.txt | sha256sum; c --compressed $u/a.txt | sha256sum
            c -r 10-20 $u/a.txt; c -w '%{http_code}' $u/missing
            """),
        http1("curl that would speak HTTP/2", 3, few("--http2", "https://{node.https}")),
        http1("curl that would not", 3, few("--http1.1", "https://{node.h2}")),
        http1(
            "curl and nginx",
            16,
            """
            c() { echo; curl -sS --http1.1 --suppress-connect-headers -D {tmp}/head "$@"
              grep -i '^content-\\|^etag\\|^last-\\|^transfer\\|^http' {tmp}/head; }
            for u in http://{nginx.http} https://{nginx.https}; do
            c -o {tmp}/a $u/a.txt; sha256sum {tmp}/a; c --compressed -o {tmp}/a $u/a.txt; sha256sum {tmp}/a; c -H 'Accept-Encoding: gzip' -o - $u/a.txt | sha256sum
            c -r 10-20 $u/a.txt
            etag=$(sed -n 's/^ETag: //p' {tmp}/head | tr -d '\\r'); c -H "If-None-Match: $etag" $u/a.txt
            seq 300000 > {tmp}/file; rm -f {work}/www/put/file
            c -T {tmp}/file $u/put/file; curl -sS $u/put/file | sha256sum; c $u/missing
            done
            """),
        http1(
            "curl and Python over TLS",
            5,
            """
            u=https://{python.https}
            curl -sSi --suppress-connect-headers $u/text -I $u/text; curl -sS -d a=b $u/echo
            curl -sS $u/text $u/until-close | sha256sum
            """),
        new Case(
            "curl and Python's HTTP/1.0",
            3,
            HTTP_1_1,
            HTTP_1_1,
            HTTP_1_0,
            "u=http://{python.http}; curl -sS $u/text; curl -sS -d a=b $u/echo; "
                + "curl -sS $u/until-close | sha256sum"),
        http1(
            "wget",
            8,
            """
            for u in NODE; do
            wget -qO- $u/text; wget -qO- --post-data=a=b $u/echo; wget -qO- "$u/moved?status=302"
            done
            """
                .replace("NODE", NODE)),
        http1("requests", 12, "{python} {scripts}/calls.py requests " + NODE),
        http1("httpx", 12, "{python} {scripts}/calls.py httpx " + NODE),
        http1("aiohttp", 12, "{python} {scripts}/calls.py aiohttp " + NODE),
        http1("node 24 http", 12, "{node24} {scripts}/node-calls.mjs http " + NODE),
        http1("node 24 fetch", 10, "{node24} {scripts}/node-calls.mjs fetch " + NODE),
        http1("node 24 undici", 10, "{node24} {scripts}/node-calls.mjs undici " + NODE),
        http1("node with an agent", 12, "node {scripts}/node-calls.mjs agent " + NODE),
        http1("node undici fetch", 10, "node {scripts}/node-calls.mjs undici-fetch " + NODE),
        http1("java", 10, "{java} {scripts}/Calls.java 1 " + NODE),
        http1("java on PATH", 10, "java {scripts}/Calls.java 1 " + NODE),
        http1("go", 12, "{work}/calls 1 " + NODE),
        http1(
            "ws",
            2,
            "for u in ws://{node.http} wss://{node.https}; do node {scripts}/ws.mjs $u/socket; done"),
        http1(
            "websockets",
            2,
            "for u in ws://{node.http} wss://{node.https}; do "
                + "{python} {scripts}/calls.py websockets $u/socket; done"),
        http1("chromium", 7, "{node24} {scripts}/browser.mjs https://{node.https}/page"));
  }

  private static String few(String version, String base) {
    return "u=BASE; curl -sSi VERSION --suppress-connect-headers -d a=b $u/digest $u/trailers $u/text"
        .replace("VERSION", version)
        .replace("BASE", base);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theSameBothWays(Case each) throws Exception {
    LAB.same(each);
  }
}
