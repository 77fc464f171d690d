package dev.earshot.cli;

import dev.earshot.testkit.ScriptedOrigin;
import java.util.Collection;
import java.util.regex.Pattern;

/** An origin that reads requests with their bodies and answers all of them alike. */
final class Answering {
  private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: *(\\d+)\r\n");

  private Answering() {}

  /**
   * What it does on a connection.
   *
   * @param response of each request; each char is one byte
   * @param requests gets each request, its head and its body
   */
  static ScriptedOrigin.Script with(String response, Collection<String> requests) {
    return connection -> {
      while (connection.readHeadOrEnd()) {
        String head = connection.head();
        var length = LENGTH.matcher(head);
        String body = length.find() ? connection.read(Integer.parseInt(length.group(1))) : "";
        requests.add(head + body);
        connection.send(response);
      }
    };
  }

  /** A response of one type. */
  static String ok(String type, String moreHeaders, String body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s"
        .formatted(type, body.length(), moreHeaders, body);
  }
}
