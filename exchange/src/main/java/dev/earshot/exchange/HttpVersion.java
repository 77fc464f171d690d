package dev.earshot.exchange;

/** A version of HTTP that a side of an exchange spoke. */
public enum HttpVersion {
  HTTP_1_0("HTTP/1.0"),
  HTTP_1_1("HTTP/1.1"),
  HTTP_2("HTTP/2");

  private final String text;

  HttpVersion(String text) {
    this.text = text;
  }

  /** The name as a start line has it, such as {@code HTTP/1.1}. */
  public String text() {
    return text;
  }
}
