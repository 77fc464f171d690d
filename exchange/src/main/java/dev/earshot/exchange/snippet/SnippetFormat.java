package dev.earshot.exchange.snippet;

import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * The formats that an exchange can be copied as. All but the report send its request again, when
 * their tool runs them: {@code docs/copy-as.md} says what each keeps of it, and what it cannot.
 *
 * <p>Nothing captured can end the string, the comment or the fence it stands in. A request that the
 * tool cannot send is text that says why, and fails when it is run.
 */
public enum SnippetFormat {
  /** A command line of curl for {@code sh}. */
  CURL("sh"),
  /** A command line of HTTPie for {@code sh}. */
  HTTPIE("sh"),
  /** A module of JavaScript that calls {@code fetch}, for Node 18 or newer. */
  FETCH("mjs"),
  /** A script of Python that uses the package {@code requests}. */
  REQUESTS("py"),
  /** A program of one file that uses {@code java.net.http}, for Java 17 or newer. */
  JAVA("java"),
  /** A report of request and response in Markdown. */
  MARKDOWN("md");

  private final String extension;

  SnippetFormat(String extension) {
    this.extension = extension;
  }

  /** The format with this name, as {@code export -f} takes it. */
  public static Optional<SnippetFormat> named(String name) {
    return Arrays.stream(values()).filter(format -> format.wireName().equals(name)).findFirst();
  }

  /** The name in options: lower case. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What the name of a file of this format ends with, without the dot. */
  public String extension() {
    return extension;
  }

  /**
   * The text, which ends with a line feed. Its size is bounded by the head of the request, and it
   * holds at most 1 MiB of a body.
   *
   * @throws IOException if a body cannot be read
   */
  public String write(Snippet snippet) throws IOException {
    return this == MARKDOWN
        ? MarkdownReport.write(snippet)
        : switch (RequestParts.of(snippet)) {
          case RequestParts.Result.Unsendable(String why) -> unsendable(why);
          case RequestParts.Result.Sendable(RequestParts parts) -> write(parts);
        };
  }

  private String write(RequestParts parts) {
    return switch (this) {
      case CURL -> CurlSnippet.write(parts);
      case HTTPIE -> HttpieSnippet.write(parts);
      case FETCH -> FetchSnippet.write(parts);
      case REQUESTS -> RequestsSnippet.write(parts);
      case JAVA -> JavaSnippet.write(parts);
      case MARKDOWN -> throw new IllegalStateException("a report is not made of a request alone");
    };
  }

  private String unsendable(String why) {
    return switch (this) {
      case CURL, HTTPIE -> ShellQuote.failing(why);
      case FETCH -> FetchSnippet.failing(why);
      case REQUESTS -> RequestsSnippet.failing(why);
      case JAVA -> JavaSnippet.failing(why);
      case MARKDOWN -> throw new IllegalStateException("a report sends nothing");
    };
  }
}
