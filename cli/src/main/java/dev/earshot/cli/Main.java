package dev.earshot.cli;

import dev.earshot.process.OwnSignals;
import dev.earshot.process.Signal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.logging.LogManager;

/** The program. It reads how it was started, runs one command and leaves as that says. */
public final class Main {
  private Main() {}

  /**
   * Runs Earshot and ends the JVM.
   *
   * @param args the arguments, as the JVM understood them; their bytes are read again
   */
  public static void main(String[] args) {
    // Nothing but what Earshot itself has to say goes to the user's terminal.
    LogManager.getLogManager().reset();
    PrintStream out = utf8(FileDescriptor.out);
    PrintStream err = utf8(FileDescriptor.err);
    Leave leave = new Commands(out, err).run(Launch.read(args, System.getProperties()));
    out.flush();
    err.flush();
    leave(leave);
  }

  private static void leave(Leave leave) {
    switch (leave) {
      case Leave.BySignal(Signal signal) -> OwnSignals.dieOf(signal);
      case Leave.WithCode(int code) -> Runtime.getRuntime().halt(code);
    }
  }

  private static PrintStream utf8(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
  }
}
