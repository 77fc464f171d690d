package dev.earshot.store;

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
        "cannot read %s: it has version %d of the layout, and this Earshot reads up to %d; try a newer Earshot"
            .formatted(file, version, known));
  }
}
