package dev.earshot.cli.interop;

/**
 * A client's command, and what it does.
 *
 * @param name of the case
 * @param calls how many requests reach the origins
 * @param client the version that the client speaks, with and without Earshot
 * @param upstream the version in which the origin is asked through Earshot
 * @param answered the version in which the origin answers through Earshot
 * @param script for {@code sh}; {@link Lab#fill} says what stands in braces
 */
record Case(
    String name, int calls, String client, String upstream, String answered, String script) {
  static final String HTTP_1_0 = "HTTP/1.0";
  static final String HTTP_1_1 = "HTTP/1.1";
  static final String HTTP_2 = "HTTP/2";

  /** Of HTTP/1.1 on both sides. */
  static Case http1(String name, int calls, String script) {
    return new Case(name, calls, HTTP_1_1, HTTP_1_1, HTTP_1_1, script);
  }

  /** Of HTTP/2 on both sides. */
  static Case http2(String name, int calls, String script) {
    return new Case(name, calls, HTTP_2, HTTP_2, HTTP_2, script);
  }

  @Override
  public String toString() {
    return name;
  }
}
