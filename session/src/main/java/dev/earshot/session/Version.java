package dev.earshot.session;

/** The version of this build. */
public final class Version {
  /** Such as {@code 0.1.0}; the same as in the build file, which a test checks. */
  public static final String TEXT = "0.1.0";

  private Version() {}
}
