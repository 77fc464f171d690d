package dev.earshot.process;

/** Ends the attempt to start a command; it becomes a result before anyone outside sees it. */
final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient StartFailure failure;

  StartException(StartFailure failure) {
    super(failure.hint());
    this.failure = failure;
  }

  StartFailure failure() {
    return failure;
  }
}
