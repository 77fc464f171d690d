package dev.earshot.exchange;

import java.util.List;
import java.util.Optional;

/** Questions to a list of headers. */
public final class Headers {
  private Headers() {}

  /** The values of all headers with this name, in wire order. */
  public static List<String> all(List<Header> headers, String name) {
    return headers.stream().filter(h -> h.is(name)).map(Header::value).toList();
  }

  /** The value of the first header with this name. */
  public static Optional<String> first(List<Header> headers, String name) {
    return headers.stream().filter(h -> h.is(name)).map(Header::value).findFirst();
  }
}
