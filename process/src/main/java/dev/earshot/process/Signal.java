package dev.earshot.process;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The standard signals of Linux (signal(7)) on x86-64 and aarch64. */
public enum Signal {
  HUP(1),
  INT(2),
  QUIT(3),
  ILL(4),
  TRAP(5),
  ABRT(6),
  BUS(7),
  FPE(8),
  KILL(9),
  USR1(10),
  SEGV(11),
  USR2(12),
  PIPE(13),
  ALRM(14),
  TERM(15),
  STKFLT(16),
  CHLD(17),
  CONT(18),
  STOP(19),
  TSTP(20),
  TTIN(21),
  TTOU(22),
  URG(23),
  XCPU(24),
  XFSZ(25),
  VTALRM(26),
  PROF(27),
  WINCH(28),
  IO(29),
  PWR(30),
  SYS(31);

  private final int number;

  Signal(int number) {
    this.number = number;
  }

  /** From 1 to 31. */
  public int number() {
    return number;
  }

  /** The bit of this signal in a mask of the kernel: signal n is bit n-1. */
  long bit() {
    return 1L << (number - 1);
  }

  /** Empty for what is not a standard signal, such as a real-time one. */
  public static Optional<Signal> ofNumber(int number) {
    return Arrays.stream(values()).filter(signal -> signal.number == number).findFirst();
  }

  /** Such as {@code TERM}; the number itself for a signal without a name here. */
  public static String nameOf(int number) {
    return ofNumber(number).map(Signal::name).orElseGet(() -> Integer.toString(number));
  }

  /** Takes {@code TERM}, {@code SIGTERM} in any case, and {@code 15}. */
  public static Optional<Signal> parse(String text) {
    if (text.matches("[0-9]{1,3}")) {
      return ofNumber(Integer.parseInt(text));
    }
    String upper = text.toUpperCase(Locale.ROOT);
    String name = upper.startsWith("SIG") ? upper.substring(3) : upper;
    return Arrays.stream(values()).filter(signal -> signal.name().equals(name)).findFirst();
  }
}
