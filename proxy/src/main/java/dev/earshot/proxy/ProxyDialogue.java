package dev.earshot.proxy;

/**
 * What is said to another proxy until there is a way through it. Knows neither sockets nor time.
 */
interface ProxyDialogue {
  /** What follows from the bytes that have come and were not consumed yet. */
  sealed interface Step {
    /** More has to come. */
    record NeedMore() implements Step {}

    /** Say this; so many bytes of what came are done with. */
    record Say(String bytes, int consumed) implements Step {}

    /** The way is open; what is behind so many bytes comes from its other end. */
    record Open(int consumed) implements Step {}

    /** There is no way; one line says why, without credentials. */
    record Failed(String why) implements Step {}
  }

  /** What to say first; each char is one byte, as in every {@link Step.Say}. */
  String opening();

  /** What to do after the first {@code length} of these bytes; never throws on input. */
  Step read(byte[] bytes, int length);
}
