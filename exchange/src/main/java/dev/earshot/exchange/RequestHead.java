package dev.earshot.exchange;

import java.util.List;

/**
 * The head of a request.
 *
 * @param method the method, as written
 * @param target the request target, as written (RFC 9112 section 3.2)
 * @param version the version of the start line
 * @param headers the header lines in wire order
 */
public record RequestHead(String method, String target, HttpVersion version, List<Header> headers) {
  public RequestHead {
    headers = List.copyOf(headers);
  }
}
