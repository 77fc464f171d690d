package dev.earshot.exchange;

import java.util.List;

/**
 * The head of a response.
 *
 * @param version the version of the status line
 * @param status the status code, 100 to 999
 * @param reason the reason phrase, as written, often empty
 * @param headers the header lines in wire order
 */
public record ResponseHead(HttpVersion version, int status, String reason, List<Header> headers) {
  public ResponseHead {
    headers = List.copyOf(headers);
  }
}
