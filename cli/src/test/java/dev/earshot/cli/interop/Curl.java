package dev.earshot.cli.interop;

import java.util.List;

/** What curl does to the Node origin, whatever the version it is told to speak. */
final class Curl {
  /** How many requests {@link #CALLS} makes of each base. */
  static final int COUNT = 20;

  /** How many requests {@link #AGAIN} makes of each base. */
  static final int COUNT_AGAIN = 8;

  /** Each of one request. */
  static final String CALLS =
      """
      c -i $u/text
      c -I $u/text
      c -i -H 'If-None-Match: "v1"' $u/text
      c -i -r 2-5 $u/text
      c --compressed $u/coded/gzip
      c --compressed $u/coded/deflate
      c --compressed $u/coded/br
      c --compressed $u/coded/zstd
      c $u/coded/gzip
      c -i -T {tmp}/file $u/echo
      c -i --expect100-timeout 20 -H 'Expect: 100-continue' -T {tmp}/file $u/echo
      c -T - $u/echo < {tmp}/file
      c -F a=b -F f=@{tmp}/file $u/digest
      c -i $u/trailers
      c -i $u/hints
      c -i -H "X-Long: $(seq -s, 2000)" -b 'a=1; b=2' $u/headers
      c -i -X OPTIONS $u/status?code=200
      c -i -X DELETE $u/status?code=204
      c -i -X PATCH -d x=y $u/echo
      c "$u/big?bytes=5000000"
      """;

  /** Each of several requests, on one connection if it is kept. */
  static final String AGAIN =
      """
      c -i -L "$u/moved?status=302"
      c -i -L -d x=y "$u/moved?status=307"
      c -i "$u/status?code=204" "$u/status?code=404" "$u/status?code=500" "$u/status?code=503"
      """;

  private Curl() {}

  /**
   * A script of these calls; of the output of each that is long, the digest is printed.
   *
   * @param calls what of the above
   * @param options for every curl
   * @param bases such as {@code https://{node.https}}
   */
  static String script(String calls, String options, List<String> bases) {
    return """
    seq 100000 > {tmp}/file
    c() { echo "== $*"; curl -sS --suppress-connect-headers OPTIONS -o {tmp}/out "$@" || echo "failed: $?"
      if [ $(wc -c < {tmp}/out) -lt 2000 ]; then cat {tmp}/out; echo; else sha256sum < {tmp}/out; fi; }
    for u in BASES; do
    THE_CALLS
    done
    """
        .replace("OPTIONS", options)
        .replace("BASES", String.join(" ", bases))
        .replace("THE_CALLS", calls);
  }
}
