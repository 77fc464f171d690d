package dev.earshot.process;

import java.util.Optional;
import java.util.Set;

/** Where a TCP socket is in its life. */
public enum TcpState {
  /** Both sides may send. */
  ESTABLISHED(1),
  /** It was asked to connect, and waits for the answer. */
  SYN_SENT(2),
  /** The other side was answered. */
  SYN_RECEIVED(3),
  /** This side ended its output, which the other has not acknowledged. */
  FIN_WAIT_1(4),
  /** This side ended its output. */
  FIN_WAIT_2(5),
  /** Nobody has it open any more; its ports are kept from being used again. */
  TIME_WAIT(6),
  /** Not connected. */
  CLOSED(7),
  /** The other side ended its output. */
  CLOSE_WAIT(8),
  /** Both sides ended their output, the other first. */
  LAST_ACK(9),
  /** It accepts connections. */
  LISTEN(10),
  /** Both sides ended their output at the same time. */
  CLOSING(11),
  /** A connection that is not accepted yet, and has no socket of its own. */
  NEW_SYN_RECEIVED(12);

  private static final TcpState[] ALL = values();

  private final int number;

  TcpState(int number) {
    this.number = number;
  }

  static Optional<TcpState> of(int number) {
    for (TcpState state : ALL) {
      if (state.number == number) {
        return Optional.of(state);
      }
    }
    return Optional.empty();
  }

  /** One bit for each, as the kernel is asked. */
  static int bits(Set<TcpState> states) {
    int bits = 0;
    for (TcpState state : states) {
      bits |= 1 << state.number;
    }
    return bits;
  }
}
