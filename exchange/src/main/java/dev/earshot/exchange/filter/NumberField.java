package dev.earshot.exchange.filter;

import dev.earshot.exchange.Quantities;

/** A field that is a number. */
public enum NumberField {
  /** The status of the response. */
  STATUS,
  /** From the start to the end, in microseconds. */
  DURATION,
  /** Bytes of the response's body on the wire, once it has ended; of a tunnel, those down it. */
  SIZE,
  /** The process id of the client. */
  PID,
  /** The run of the command. */
  RUN;

  private static final long MOST_STATUS = 999;
  private static final long MOST_OTHER = 999_999_999_999_999_999L;
  private static final long NANOS_PER_MICRO = 1_000;

  /** The highest number that can be written. */
  long most() {
    return switch (this) {
      case STATUS -> MOST_STATUS;
      case DURATION -> Quantities.LONGEST.toNanos() / NANOS_PER_MICRO;
      case SIZE -> Quantities.LARGEST;
      case PID, RUN -> MOST_OTHER;
    };
  }
}
