package dev.earshot.session;

import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.Optional;

/**
 * A connection of the command's tree that did not come through Earshot.
 *
 * @param pid who has it open
 * @param process the name of its program
 * @param remote where it goes
 * @param kind what is probably spoken there
 * @param service by its name, such as {@code PostgreSQL}, if it is one
 * @param hint why it did not come through, and what to do, as far as the program tells
 */
public record Bypass(
    long pid,
    String process,
    InetSocketAddress remote,
    Kind kind,
    Optional<String> service,
    String hint) {

  /** What is probably spoken, by the port. */
  public enum Kind {
    /** The port is one of the web's. */
    HTTP,
    /** A database, or another service that does not speak HTTP: no loss. */
    SERVICE,
    /** It may be HTTP. */
    UNKNOWN;

    /** The name in the event stream. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What was seen of such connections, by looking now and then: there were at least these.
   *
   * @param count those that may have been HTTP, each process and address once a run
   * @param first one of them
   */
  public record Seen(long count, Optional<Bypass> first) {
    /** None. */
    public static final Seen NOTHING = new Seen(0, Optional.empty());

    Seen plus(Seen later) {
      return new Seen(count + later.count, first.or(later::first));
    }

    Seen plus(Bypass one) {
      return one.kind() == Kind.SERVICE ? this : plus(new Seen(1, Optional.of(one)));
    }
  }
}
