package dev.earshot.cli;

import dev.earshot.exchange.Redaction;
import dev.earshot.session.Capture;
import dev.earshot.session.SessionFolders;
import dev.earshot.store.CaptureLimits;
import dev.earshot.store.CaptureWriter;
import dev.earshot.store.Captures;
import dev.earshot.store.HarCapture;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What keeps the record of a run, made of what was asked for. Files that the user named are looked
 * at here already, so that what is wrong with them is told before anything starts.
 */
final class RunCapture {
  private static final String VARIABLE = "EARSHOT_CAPTURE";

  private RunCapture() {}

  /** What the options and the variable ask for; the option wins. */
  static CaptureChoice choice(RunOptions options, Map<String, String> environment)
      throws UserError {
    if (!(options.capture() instanceof CaptureChoice.Standard)) {
      return options.capture();
    }
    return switch (environment.getOrDefault(VARIABLE, "")) {
      case "off" -> new CaptureChoice.Off();
      case "", "on" -> options.capture();
      default ->
          throw UserError.badValue(VARIABLE, environment.getOrDefault(VARIABLE, ""), "on or off");
    };
  }

  /** The HAR file as the guardian is to know it. */
  static Optional<Path> har(RunOptions options) {
    return options.har().map(name -> Path.of(name).toAbsolutePath());
  }

  static Capture of(CaptureChoice choice, RunOptions options, SessionFolders folders)
      throws UserError {
    Redaction redaction = options.redact() ? Redaction.CREDENTIALS : Redaction.NONE;
    var limits = CaptureLimits.DEFAULT.withBody(options.maxBody());
    Capture capture =
        switch (choice) {
          case CaptureChoice.Off _ -> Capture.NONE;
          case CaptureChoice.Standard _ -> standard(folders, limits);
          case CaptureChoice.File(var name) ->
              CaptureWriter.toFile(absent(name), redaction, folders, limits);
        };
    if (options.har().isEmpty()) {
      return capture;
    }
    String name = options.har().get();
    Path file = EventTarget.emptyFile("--har", name).toAbsolutePath();
    try {
      var channel =
          FileChannel.open(
              file, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
      return capture instanceof CaptureWriter writer
          ? HarCapture.of(writer, channel, file, redaction, true)
          : HarCapture.of(CaptureWriter.passing(folders, limits), channel, file, redaction, false);
    } catch (IOException e) {
      throw UserError.cannotWrite("--har", name, String.valueOf(e.getMessage()));
    }
  }

  private static Capture standard(SessionFolders folders, CaptureLimits limits) {
    if (folders.captures().isEmpty()) {
      return Capture.impossible("a capture: there is no HOME to keep it in");
    }
    var captures = new Captures(folders.captures().get());
    Optional<String> problem = captures.problem();
    if (problem.isPresent()) {
      return Capture.impossible(problem.get());
    }
    Thread.ofPlatform().daemon().name("earshot-prune").start(() -> prune(captures));
    return CaptureWriter.inFolder(folders.captures().get(), folders, limits);
  }

  /** Beside the start, and only so much as takes no time. */
  private static void prune(Captures captures) {
    try {
      captures.pruneSome(Captures.Keep.DEFAULT, Instant.now());
    } catch (IOException e) {
      // The next start tries again, and "earshot sessions prune" tells what is wrong.
    }
  }

  /** A capture is never written over what is there. */
  private static Path absent(String name) throws UserError {
    if (name.isEmpty() || name.equals("-")) {
      throw UserError.badValue("--capture", name, "FILE");
    }
    Path file = Path.of(name).toAbsolutePath();
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw UserError.cannotWrite(
          "--capture", name, "it is there already; name another file, or remove it");
    }
    Path folder = file.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw UserError.cannotWrite("--capture", name, "its folder does not exist");
    }
    if (!Files.isWritable(folder)) {
      throw UserError.cannotWrite("--capture", name, "permission denied");
    }
    return file;
  }
}
