package dev.earshot.process;

/** The three standard streams of the command. */
public record Stdio(Redirect in, Redirect out, Redirect err) {

  /** Those of this process. */
  public static Stdio inherit() {
    return new Stdio(new Redirect.Inherit(0), new Redirect.Inherit(1), new Redirect.Inherit(2));
  }

  /** A pipe for each. */
  public static Stdio pipes() {
    return new Stdio(new Redirect.Pipe(), new Redirect.Pipe(), new Redirect.Pipe());
  }
}
