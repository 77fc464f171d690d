package dev.earshot.process;

/** How big a terminal is, in characters: each 1 to 65535. */
public record TerminalSize(int columns, int rows) {
  /** That of a terminal which does not tell. */
  public static final TerminalSize STANDARD = new TerminalSize(80, 24);

  private static final int MOST = 65_535;

  public TerminalSize {
    if (columns < 1 || columns > MOST || rows < 1 || rows > MOST) {
      throw new IllegalArgumentException(
          "a terminal of %d columns and %d rows".formatted(columns, rows));
    }
  }

  /** That of the terminal; the standard one if it has none, or is none. */
  static TerminalSize of(int terminal) {
    return Libc.terminalSize(terminal)
        .filter(size -> size[0] > 0 && size[1] > 0)
        .map(size -> new TerminalSize(size[0], size[1]))
        .orElse(STANDARD);
  }
}
