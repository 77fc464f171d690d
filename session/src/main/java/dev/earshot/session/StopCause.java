package dev.earshot.session;

import dev.earshot.process.Signal;
import java.util.Locale;
import java.util.Optional;

/**
 * Why a session stops. The first cause given is the one that counts.
 *
 * @param kind what it was
 * @param signal the signal to Earshot, exactly for {@link Kind#SIGNAL}
 */
public record StopCause(Kind kind, Optional<Signal> signal) {

  /** What made a session stop. */
  public enum Kind {
    PROCESS_EXITED,
    PROCESS_FAILED,
    PROXY_FAILED,
    USER,
    API,
    SIGNAL,
    TIMEOUT;

    /** The name in the event stream: lower case, words joined by an underscore. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The command ended by itself. */
  public static final StopCause PROCESS_EXITED = new StopCause(Kind.PROCESS_EXITED);

  /** The command could not be started, or was lost. */
  public static final StopCause PROCESS_FAILED = new StopCause(Kind.PROCESS_FAILED);

  /** The proxy could not start, or failed; also another part of the session's own. */
  public static final StopCause PROXY_FAILED = new StopCause(Kind.PROXY_FAILED);

  /** The user asked in the terminal UI. */
  public static final StopCause USER = new StopCause(Kind.USER);

  /** The program that embeds the session asked, or cancelled a parent scope. */
  public static final StopCause API = new StopCause(Kind.API);

  /** The run took longer than it may. */
  public static final StopCause TIMEOUT = new StopCause(Kind.TIMEOUT);

  public StopCause {
    if ((kind == Kind.SIGNAL) != signal.isPresent()) {
      throw new IllegalArgumentException("a signal belongs to the cause SIGNAL, and to no other");
    }
  }

  private StopCause(Kind kind) {
    this(kind, Optional.empty());
  }

  /** Earshot got this signal. */
  public static StopCause signal(Signal signal) {
    return new StopCause(Kind.SIGNAL, Optional.of(signal));
  }
}
