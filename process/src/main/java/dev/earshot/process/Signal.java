package dev.earshot.process;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The signals of Linux that have names (signal(7)), with the numbers of x86-64 and AArch64. */
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
  SYS(31),
  /** Any of the real-time signals, which have numbers only: 34 to 64. */
  RTMIN(34);

  private final int number;

  Signal(int number) {
    this.number = number;
  }

  /** The signal's number on this system. */
  public int number() {
    return number;
  }

  /** The signal with this number; real-time signals are all {@link #RTMIN}. */
  public static Optional<Signal> ofNumber(int number) {
    if (number > RTMIN.number && number <= 64) {
      return Optional.of(RTMIN);
    }
    return Arrays.stream(values()).filter(signal -> signal.number == number).findFirst();
  }

  /** Reads {@code TERM}, {@code SIGTERM} or {@code 15}, in any case. */
  public static Optional<Signal> parse(String text) {
    if (text.matches("\\d{1,2}")) {
      return ofNumber(Integer.parseInt(text)).filter(signal -> signal != RTMIN);
    }
    String upper = text.toUpperCase(Locale.ROOT);
    String name = upper.startsWith("SIG") ? upper.substring("SIG".length()) : upper;
    return Arrays.stream(values())
        .filter(signal -> signal.name().equals(name) && signal != RTMIN)
        .findFirst();
  }

  /** The bit of this signal in a mask as /proc/PID/status has it (proc(5)). */
  long bit() {
    return 1L << (number - 1);
  }
}
