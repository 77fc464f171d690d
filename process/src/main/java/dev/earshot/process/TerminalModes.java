package dev.earshot.process;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.StringJoiner;

/** The settings of a terminal as glibc's {@code struct termios} on Linux has them: pure. */
final class TerminalModes {
  private static final ValueLayout.OfInt FLAGS = ValueLayout.JAVA_INT.withByteAlignment(1);

  private static final int INPUT = 0;
  private static final int OUTPUT = 4;
  private static final int CONTROL = 8;
  private static final int LOCAL = 12;
  private static final int CHARACTERS = 17;
  private static final int CHARACTER_COUNT = 32;

  /** IGNBRK, BRKINT, PARMRK, ISTRIP, INLCR, IGNCR, ICRNL, IXON. */
  private static final int INPUT_COOKED = 1 | 2 | 8 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400;

  /** OPOST. */
  private static final int OUTPUT_COOKED = 1;

  /** CSIZE, PARENB. */
  private static final int CONTROL_COOKED = 0x30 | 0x100;

  /** CS8. */
  private static final int CONTROL_RAW = 0x30;

  /** ECHO, ECHONL, ICANON, ISIG, IEXTEN. */
  private static final int LOCAL_COOKED = 8 | 0x40 | 2 | 1 | 0x8000;

  /** VTIME, VMIN. */
  private static final int TIME = 5;

  private static final int MINIMUM = 6;

  private TerminalModes() {}

  /** The same, but every byte goes through as it is, at once, both ways (cfmakeraw(3)). */
  static byte[] raw(byte[] settings) {
    byte[] raw = settings.clone();
    MemorySegment flags = MemorySegment.ofArray(raw);
    change(flags, INPUT, INPUT_COOKED, 0);
    change(flags, OUTPUT, OUTPUT_COOKED, 0);
    change(flags, CONTROL, CONTROL_COOKED, CONTROL_RAW);
    change(flags, LOCAL, LOCAL_COOKED, 0);
    raw[CHARACTERS + TIME] = 0;
    raw[CHARACTERS + MINIMUM] = 1;
    return raw;
  }

  private static void change(MemorySegment flags, int at, int off, int on) {
    flags.set(FLAGS, at, (flags.get(FLAGS, at) & ~off) | on);
  }

  /** As {@code stty} prints and takes them (stty(1), -g). */
  static String text(byte[] settings) {
    MemorySegment flags = MemorySegment.ofArray(settings);
    var text = new StringJoiner(":");
    for (int at : new int[] {INPUT, OUTPUT, CONTROL, LOCAL}) {
      text.add(Integer.toHexString(flags.get(FLAGS, at)));
    }
    for (int i = 0; i < CHARACTER_COUNT; i++) {
      text.add(Integer.toHexString(Byte.toUnsignedInt(settings[CHARACTERS + i])));
    }
    return text.toString();
  }
}
