package dev.earshot.process;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The terminal that controls this process, and who is in its foreground. Used by one thread only,
 * in which TTOU is blocked: without that, taking the terminal back from the background would stop
 * this process (tcsetpgrp(3)).
 */
final class Terminal implements AutoCloseable {
  private static final byte[] DEV_TTY = "/dev/tty".getBytes(StandardCharsets.US_ASCII);
  private static final int STANDARD_OUTPUT = 1;
  private static final int LOWEST_GUARDED = 4;

  private final int descriptor;
  private final long ours = Libc.groupOf(0);
  private Optional<byte[]> ourSettings;
  private Optional<byte[]> theirSettings = Optional.empty();

  private Terminal(int descriptor) {
    this.descriptor = descriptor;
    ourSettings = Libc.terminalSettings(descriptor);
  }

  /** Empty if this process has none. The descriptor's number is at least {@code lowest}. */
  static Optional<Terminal> open(int lowest) {
    int flags = Platform.OPEN_READ_WRITE | Platform.OPEN_NO_TERMINAL | Platform.OPEN_CLOEXEC;
    int opened = Libc.open(Platform.AT_CURRENT_DIRECTORY, DEV_TTY, flags);
    if (opened < 0) {
      return Optional.empty();
    }
    int moved = Libc.duplicate(opened, lowest);
    Libc.close(opened);
    if (moved < 0) {
      return Optional.empty();
    }
    return Optional.of(new Terminal(moved));
  }

  /** The calling thread is the one that takes it back: in it, TTOU is blocked from now on. */
  void take() {
    Libc.maskThread(Platform.MASK_BLOCK, Signal.TTOU.number());
  }

  /** That of this process as it is now, if it has one and is in its foreground. */
  static Optional<Guardian.GuardedTerminal> guarded() {
    int flags = Platform.OPEN_READ_WRITE | Platform.OPEN_NO_TERMINAL | Platform.OPEN_CLOEXEC;
    int opened = Libc.open(Platform.AT_CURRENT_DIRECTORY, DEV_TTY, flags);
    if (opened < 0) {
      return Optional.empty();
    }
    int descriptor = Libc.duplicate(opened, LOWEST_GUARDED);
    Libc.close(opened);
    long group = Libc.groupOf(0);
    Optional<byte[]> settings = Libc.terminalSettings(descriptor);
    if (settings.isEmpty() || Libc.foregroundGroup(descriptor) != group) {
      Libc.close(descriptor);
      return Optional.empty();
    }
    Optional<ProcessTable.Entry> self = ProcessTable.of(ProcessHandle.current().pid());
    long session = self.map(ProcessTable.Entry::session).orElse(0L);
    boolean alone =
        self.flatMap(it -> ProcessTable.of(it.parent()))
            .filter(parent -> parent.session() == session && parent.group() != group)
            .isEmpty();
    return Optional.of(
        new Guardian.GuardedTerminal(
            descriptor, TerminalModes.text(settings.get()), group, session, alone));
  }

  int descriptor() {
    return descriptor;
  }

  boolean handOverAtStart() {
    return isForUs(descriptor, ours, Libc.isTerminal(STANDARD_OUTPUT));
  }

  /** Whether a command of this process, whose group is {@code ours}, may have the terminal. */
  static boolean isForUs(int descriptor, long ours, boolean outputIsTerminal) {
    List<ProcessTable.Entry> all = ProcessTable.all();
    long self = ProcessHandle.current().pid();
    Set<Long> others = new HashSet<>();
    all.stream()
        .filter(each -> each.group() == ours && each.pid() != self && each.isAlive())
        .forEach(each -> others.add(each.pid()));
    return ForegroundRules.handOverAtStart(
        Libc.foregroundGroup(descriptor),
        ours,
        others,
        ProcessTable.ancestors(all, self),
        outputIsTerminal);
  }

  boolean isOurs() {
    return Libc.foregroundGroup(descriptor) == ours;
  }

  /** Whether it is neither ours nor taken by a shell or another of our ancestors. */
  boolean isBelowUs() {
    List<ProcessTable.Entry> all = ProcessTable.all();
    Set<Long> ancestors = ProcessTable.ancestors(all, ProcessHandle.current().pid());
    Set<Long> above = new HashSet<>();
    all.stream()
        .filter(each -> ancestors.contains(each.pid()))
        .forEach(each -> above.add(each.group()));
    return ForegroundRules.isBelowUs(Libc.foregroundGroup(descriptor), ours, above);
  }

  /** Gives the terminal to a group, with the settings the group had left it with. */
  void giveTo(long group) {
    ourSettings = Libc.terminalSettings(descriptor).or(() -> ourSettings);
    theirSettings.ifPresent(settings -> Libc.setTerminalSettings(descriptor, settings));
    Libc.setForegroundGroup(descriptor, group);
  }

  /** Takes it back while the group is stopped: with our settings, keeping theirs. */
  void takeBackForNow() {
    theirSettings = Libc.terminalSettings(descriptor);
    takeBack();
    restoreSettings();
  }

  /** Takes it back, with the settings as they are. */
  void takeBack() {
    Libc.setForegroundGroup(descriptor, ours);
  }

  /** Puts back the settings from before the terminal was handed over. */
  void restoreSettings() {
    ourSettings.ifPresent(settings -> Libc.setTerminalSettings(descriptor, settings));
  }

  @Override
  public void close() {
    Libc.close(descriptor);
  }
}
