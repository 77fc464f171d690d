package dev.earshot.exchange.filter;

import dev.earshot.exchange.HttpVersion;
import java.util.Optional;
import java.util.Set;

/** What {@code proto:} can ask for: the version of HTTP that the client spoke. */
public enum Protocol {
  /** Any version 1. */
  H1("h1", "http/1"),
  HTTP_1_0("http/1.0", "http/1.0"),
  HTTP_1_1("http/1.1", "http/1.1"),
  H2("h2", "http/2");

  private final String word;
  private final String otherWord;

  Protocol(String word, String otherWord) {
    this.word = word;
    this.otherWord = otherWord;
  }

  /** The versions that it stands for. */
  public Set<HttpVersion> versions() {
    return switch (this) {
      case H1 -> Set.of(HttpVersion.HTTP_1_0, HttpVersion.HTTP_1_1);
      case HTTP_1_0 -> Set.of(HttpVersion.HTTP_1_0);
      case HTTP_1_1 -> Set.of(HttpVersion.HTTP_1_1);
      case H2 -> Set.of(HttpVersion.HTTP_2);
    };
  }

  /** As it is written in the normal form. */
  public String word() {
    return word;
  }

  /** The protocol of this name, without case. */
  static Optional<Protocol> named(String text) {
    for (Protocol protocol : values()) {
      if (protocol.word.equalsIgnoreCase(text) || protocol.otherWord.equalsIgnoreCase(text)) {
        return Optional.of(protocol);
      }
    }
    return Optional.empty();
  }
}
