package dev.earshot.process;

/** A tree with every way to be hard to end; none lives longer than 15 s. */
final class TreeOfEight {
  private TreeOfEight() {}

  static final String SCRIPT =
      """
      sleep 15 &
      sh -c 'sleep 15 & wait' &
      setsid sleep 15 &
      (setsid sh -c 'sleep 15 & exit' &)
      sh -c 'trap "" TERM HUP INT; exec sleep 15' &
      (setsid env -i sh -c 'trap "" TERM HUP INT; exec sleep 15' &)
      python3 -c 'import os, signal, time
      signal.signal(signal.SIGTERM, signal.SIG_IGN)
      os.setpgid(0, 0)
      time.sleep(15)' &
      echo ready
      wait
      """;

  /** The same with everybody's environment left alone. */
  static final String MARKED_SCRIPT = SCRIPT.replace("env -i ", "");

  static CommandSpec spec() {
    return Run.sh(SCRIPT);
  }
}
