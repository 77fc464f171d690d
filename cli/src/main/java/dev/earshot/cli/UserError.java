package dev.earshot.cli;

import dev.earshot.exchange.filter.FilterParser;
import java.util.List;

/**
 * A failure that the user can mend, as one line: what could not be done, why, what to try. All of
 * them stand here, so that they can be read together.
 */
final class UserError extends Exception {
  private static final long serialVersionUID = 1L;

  /** {@code run} could not start (also a bad flag). */
  static final int CANNOT_RUN = 125;

  /** Wrong use, or failure, of every other command. */
  static final int FAILURE = 2;

  private final int exitCode;

  private UserError(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }

  /** The same failure with another exit code: each command has its own for wrong use. */
  UserError withExitCode(int other) {
    var same = new UserError(other, String.valueOf(getMessage()));
    same.initCause(getCause());
    return same;
  }

  static UserError usage(String problem) {
    return new UserError(CANNOT_RUN, problem);
  }

  static UserError badValue(String option, String value, String expected) {
    return new UserError(
        CANNOT_RUN, "%s does not take '%s': it wants %s".formatted(option, value, expected));
  }

  static UserError notThereYet(String what, String instead) {
    return new UserError(
        CANNOT_RUN, "%s is not part of this version yet; %s".formatted(what, instead));
  }

  static UserError noCommand() {
    return new UserError(
        CANNOT_RUN, "run: there is no command to run; try: earshot run -- COMMAND [ARG...]");
  }

  static UserError bindNeedsAuth(String address) {
    return new UserError(
        CANNOT_RUN,
        ("--bind %s would let other machines use the proxy: that needs --proxy-auth USER:PASS; or"
                + " leave out --bind to listen on 127.0.0.1")
            .formatted(address));
  }

  /** Without the value, which is a secret. */
  static UserError badProxyAuth(String why) {
    return new UserError(
        CANNOT_RUN, "--proxy-auth wants USER:PASS, and does not take what was given: " + why);
  }

  static UserError badReverse(String value, String why) {
    return new UserError(
        CANNOT_RUN,
        "--reverse does not take '%s': %s; write it as 8080=http://localhost:3000"
            .formatted(value.replaceFirst("=.*@", "=***@"), why));
  }

  static UserError outputIsSymbolicLink(String option, String file) {
    return new UserError(
        CANNOT_RUN,
        "%s: not writing to '%s': it is a symbolic link; name the file it points to"
            .formatted(option, file));
  }

  static UserError cannotWrite(String option, String file, String why) {
    return new UserError(CANNOT_RUN, "%s: cannot write to '%s': %s".formatted(option, file, why));
  }

  static UserError noKeyLog() {
    return new UserError(
        CANNOT_RUN,
        "--keylog: the native TLS library could not be loaded, and the JDK's TLS, which is used"
            + " instead, does not tell its secrets; leave --keylog out");
  }

  static UserError nobodyReads(String option, String file) {
    return new UserError(
        CANNOT_RUN,
        "%s: nobody opened the FIFO '%s' for reading within 2 s; start its reader first"
            .formatted(option, file));
  }

  static UserError descriptorClosed(String option, int descriptor) {
    return new UserError(
        CANNOT_RUN,
        "%s: descriptor %d is not open; open it in the shell, as in: earshot run %s fd:%d … %d>FILE"
            .formatted(option, descriptor, option, descriptor, descriptor));
  }

  static UserError cannotRead(String what, String file, String why) {
    return new UserError(CANNOT_RUN, "%s: cannot read '%s': %s".formatted(what, file, why));
  }

  static UserError noCaptures() {
    return new UserError(
        FAILURE, "there is no HOME, so no session is recorded there; name a file with -s ./FILE");
  }

  static UserError badFilter(String text, FilterParser.Wrong wrong) {
    return new UserError(CANNOT_RUN, "--filter '%s': %s".formatted(text, wrong.text()));
  }

  static UserError unknownAction(String action) {
    List<String> actions = List.of("list", "rm", "prune");
    return new UserError(
        FAILURE,
        "sessions: unknown action '%s'; %sthere are: %s"
            .formatted(
                action,
                Nearest.of(action, actions).map(it -> "did you mean '" + it + "'? ").orElse(""),
                String.join(", ", actions)));
  }

  static UserError of(int exitCode, String message) {
    return new UserError(exitCode, message);
  }
}
