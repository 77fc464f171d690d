package dev.earshot.cli;

/** Where the record of a run goes. */
sealed interface CaptureChoice {
  /** Into the folder of captures, unmasked. */
  record Standard() implements CaptureChoice {}

  /** Nowhere. */
  record Off() implements CaptureChoice {}

  /** Into a file of the user's, masked as all that is handed on; it must not be there yet. */
  record File(String name) implements CaptureChoice {}
}
