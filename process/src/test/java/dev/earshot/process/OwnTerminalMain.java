package dev.earshot.process;

import java.util.concurrent.TimeUnit;

/** A program on a terminal that makes it raw, reads keys, and puts it back; Ctrl-D ends it. */
final class OwnTerminalMain {
  private OwnTerminalMain() {}

  public static void main(String[] args) throws Exception {
    try (var terminal = OwnTerminal.of(0).orElseThrow()) {
      say("size=" + terminal.size() + " raw=" + terminal.raw());
      say("kept=" + terminal.settings().orElseThrow());
      say("now=" + stty());
      var keys = terminal.keys();
      for (int key = keys.read(); key != 4; key = keys.read()) {
        say("key=" + key);
        if (key == 'r') {
          say("again=" + terminal.raw());
        }
      }
      terminal.restore();
      terminal.restore();
    }
    say("end=" + stty());
  }

  private static void say(String line) {
    System.out.print(line + "\r\n");
    System.out.flush();
  }

  private static String stty() throws Exception {
    var process =
        new ProcessBuilder("stty", "-g").redirectInput(ProcessBuilder.Redirect.INHERIT).start();
    try (var out = process.inputReader()) {
      String line = out.readLine();
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        throw new IllegalStateException("stty hangs");
      }
      return line;
    }
  }
}
