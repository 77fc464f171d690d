package dev.earshot.store;

import java.nio.file.Path;
import java.util.List;

/** Why a capture cannot be had, as one line for people: what failed, why, what to try. */
public final class CaptureException extends Exception {
  private static final long serialVersionUID = 1;

  CaptureException(String message) {
    super(message);
  }

  static CaptureException notACapture(String file) {
    return new CaptureException("cannot read %s: it is not a capture of Earshot".formatted(file));
  }

  static CaptureException newer(String file, int version, int known) {
    return new CaptureException(
        ("cannot read %s: it has version %d of the layout, and this Earshot knows up to %d; try a"
                + " newer Earshot")
            .formatted(file, version, known));
  }

  static CaptureException exists(String file) {
    return new CaptureException(
        "cannot make a capture: %s is there; name another file, or remove it".formatted(file));
  }

  static CaptureException cannotMake(Path file, String why) {
    return new CaptureException("cannot make the capture %s: %s".formatted(file, why));
  }

  static CaptureException absent(Path file) {
    return new CaptureException("cannot read %s: there is no such file".formatted(file));
  }

  static CaptureException cannotRead(Path file, String why) {
    return new CaptureException("cannot read %s: %s".formatted(file, why));
  }

  static CaptureException needsRoom(Path file) {
    return new CaptureException(
        ("cannot read %s: its session crashed, and what it wrote last can only be read where files"
                + " can be made; copy it, and the files beside it, to such a folder")
            .formatted(file));
  }

  static CaptureException live(Path file) {
    return new CaptureException(
        "cannot remove %s: its session goes on; stop that first".formatted(file));
  }

  static CaptureException cannotRemove(Path file) {
    return new CaptureException(
        "cannot remove %s: it is not there, or you may not".formatted(file));
  }

  static CaptureException noSession(String word) {
    return new CaptureException(
        "no session %s: see 'earshot sessions list' for those that are kept".formatted(word));
  }

  static CaptureException noSessions() {
    return new CaptureException("no session is kept yet: run one with 'earshot run'");
  }

  static CaptureException ambiguous(String word, List<String> ids) {
    return new CaptureException(
        "more than one session begins with %s: %s; write more of its id"
            .formatted(word, String.join(", ", ids)));
  }
}
