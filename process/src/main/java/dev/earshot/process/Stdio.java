package dev.earshot.process;

/**
 * The standard streams of a command.
 *
 * @param in its descriptor 0
 * @param out its descriptor 1
 * @param err its descriptor 2
 */
public record Stdio(Redirect in, Redirect out, Redirect err) {

  /** The streams of this process. */
  public static Stdio inherit() {
    return new Stdio(new Redirect.Inherit(0), new Redirect.Inherit(1), new Redirect.Inherit(2));
  }

  /** A pipe for each stream. */
  public static Stdio pipes() {
    return new Stdio(new Redirect.Pipe(), new Redirect.Pipe(), new Redirect.Pipe());
  }
}
