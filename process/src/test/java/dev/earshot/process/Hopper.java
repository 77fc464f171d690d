package dev.earshot.process;

/** A daemon that starts its successor in a new session and ends, again and again, for 15 s. */
final class Hopper {
  private Hopper() {}

  private static final String SCRIPT =
      """
      import os, signal, sys, time
      signal.signal(signal.SIGTERM, signal.SIG_IGN)
      end, pause = time.monotonic() + 15, int(sys.argv[1]) / 1e6
      if os.fork():
          print('hopping', flush=True)
          time.sleep(15)
          os._exit(0)
      while time.monotonic() < end:
          if os.fork():
              os._exit(0)
          os.setsid()
          time.sleep(pause)
      """;

  static CommandSpec spec(int pauseMicros) {
    return CommandSpec.of("python3", "-c", SCRIPT, Integer.toString(pauseMicros));
  }
}
