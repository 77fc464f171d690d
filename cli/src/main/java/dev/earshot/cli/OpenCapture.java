package dev.earshot.cli;

import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.filter.Filter;
import dev.earshot.exchange.filter.FilterParser;
import dev.earshot.session.CaptureView;
import dev.earshot.session.SessionFolders;
import dev.earshot.store.CaptureException;
import dev.earshot.store.CaptureFacts;
import dev.earshot.store.CaptureReader;
import dev.earshot.store.Captures;
import dev.earshot.store.FilteredPage;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The record that a command was asked about, with the options that all such commands have. */
final class OpenCapture implements AutoCloseable {
  private static final int PAGE = 512;

  private final CaptureReader reader;
  private final CaptureFacts facts;

  private OpenCapture(CaptureReader reader, CaptureFacts facts) {
    this.reader = reader;
    this.facts = facts;
  }

  static void addOptionsTo(CommandSpec spec) {
    spec.addOption(
        RunCommandLine.value(
            "SESSION",
            "An id, the beginning of one, a file, or last (the default).",
            "-s",
            "--session"));
    spec.addOption(
        RunCommandLine.value("EXPR", "Only what matches, such as status:5xx.", "--filter"));
    spec.addOption(
        RunCommandLine.value(
            "PROFILE", "Mask secrets: credentials (default) or none.", "--redact"));
    spec.addOption(RunCommandLine.flag("Stack traces of Earshot's own failures.", "--debug"));
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("This help.").build());
  }

  /** Opens it; says on stderr if its session crashed. */
  static OpenCapture of(ParseResult parsed, Launch launch, PrintStream err) throws UserError {
    String word = Launch.text(parsed.matchedOptionValue("--session", "last"));
    try {
      var reader = CaptureReader.open(file(word, launch.environmentText()));
      try {
        var open = new OpenCapture(reader, reader.facts());
        if (open.facts.state() == CaptureFacts.State.CRASHED) {
          err.println(
              "earshot: session %s crashed: what came in its last 250 ms may be missing"
                  .formatted(open.facts.id()));
        }
        return open;
      } catch (IOException e) {
        reader.close();
        throw e;
      }
    } catch (CaptureException | IOException e) {
      throw UserError.of(UserError.FAILURE, String.valueOf(e.getMessage()));
    }
  }

  private static Path file(String word, Map<String, String> environment)
      throws UserError, CaptureException {
    Optional<Path> folder = SessionFolders.of(environment).captures();
    if (folder.isPresent()) {
      return new Captures(folder.get()).resolve(word);
    }
    if (word.contains("/")) {
      return Path.of(word);
    }
    throw UserError.noCaptures();
  }

  /** The filter that was asked for; without one, everything. */
  static Filter filter(ParseResult parsed) throws UserError {
    String text = Launch.text(parsed.matchedOptionValue("--filter", ""));
    if (!parsed.hasMatchedOption("--filter")) {
      return Filter.everything();
    }
    return switch (FilterParser.parse(text)) {
      case FilterParser.Parsed(var filter) -> filter;
      case FilterParser.Wrong wrong -> throw UserError.badFilter(text, wrong);
    };
  }

  static Redaction redaction(ParseResult parsed) throws UserError {
    String text = Launch.text(parsed.matchedOptionValue("--redact", "credentials"));
    return Redaction.named(text)
        .orElseThrow(() -> UserError.badValue("--redact", text, "credentials or none"));
  }

  CaptureReader reader() {
    return reader;
  }

  CaptureFacts facts() {
    return facts;
  }

  /**
   * All that match, the oldest first, a page at a time; fails with an {@link IOException} inside.
   */
  Pages matching(Filter filter) {
    return new Pages(reader, filter);
  }

  @Override
  public void close() {
    try {
      reader.close();
    } catch (IOException e) {
      // It was only read.
    }
  }

  /** Exchanges, a page at a time. */
  static final class Pages implements Iterator<RecordedExchange> {
    private final CaptureReader reader;
    private final Filter filter;
    private final ArrayDeque<RecordedExchange> page = new ArrayDeque<>();
    private long beyond;
    private boolean more = true;
    private long gaveUp;

    private Pages(CaptureReader reader, Filter filter) {
      this.reader = reader;
      this.filter = filter;
    }

    @Override
    public boolean hasNext() {
      if (page.isEmpty() && more) {
        try {
          FilteredPage next =
              reader.exchanges(filter, beyond, CaptureView.Order.OLDEST_FIRST, PAGE);
          page.addAll(next.exchanges());
          gaveUp += next.gaveUp();
          more = next.exchanges().size() == PAGE;
        } catch (IOException e) {
          throw new UncheckedIOException(e.getMessage(), e);
        }
      }
      return !page.isEmpty();
    }

    @Override
    public RecordedExchange next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      RecordedExchange next = page.remove();
      beyond = next.id();
      return next;
    }

    /** What to say of regular expressions that took too long, if some did. */
    Optional<String> warning() {
      return gaveUp == 0
          ? Optional.empty()
          : Optional.of(
              "warning: a regular expression took too long on %d exchanges, which are left out"
                  .formatted(gaveUp));
    }
  }
}
