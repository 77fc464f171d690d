package dev.earshot.exchange;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Which names announce a secret value: names of headers, parameters, options and variables. A name
 * is compared by its words and by its letters, so that {@code X-Api-Key}, {@code apiKey}, {@code
 * API_KEY} and {@code api%5Fkey} are one.
 */
final class SecretNames {
  /** Longer names are looked at by their end only: that is where the telling word stands. */
  private static final int LONGEST_NAME = 256;

  /** Decoding is repeated this often: a name may be encoded again by each hop. */
  private static final int DECODING_ROUNDS = 3;

  /** A name that ends so, whatever comes before it, is secret. */
  private static final List<String> ENDINGS =
      List.of(
          "token",
          "password",
          "passwords",
          "passwd",
          "passphrase",
          "passcode",
          "pwd",
          "secret",
          "secrets",
          "apikey",
          "secretkey",
          "accesskey",
          "privatekey",
          "accountkey",
          "sharedkey",
          "authkey",
          "signingkey",
          "encryptionkey",
          "masterkey",
          "subscriptionkey",
          "functionskey",
          "appkey",
          "authorization",
          "credential",
          "credentials",
          "jwt",
          "assertion",
          "cookie",
          "cookies",
          "sessionid",
          "sessid",
          "sessionkey");

  /**
   * A name with one of these words in it is secret, unless its last word makes it something else.
   */
  private static final Set<String> TELLING_WORDS =
      Set.of("secret", "password", "passwd", "passphrase", "authorization");

  /** What a telling word is only described by: {@code --password-file}, {@code secret_name}. */
  private static final Set<String> HARMLESS_LAST_WORDS =
      Set.of(
          "file",
          "path",
          "dir",
          "name",
          "id",
          "stdin",
          "length",
          "policy",
          "prompt",
          "url",
          "uri",
          "arn",
          "version",
          "type",
          "hint",
          "enabled",
          "required",
          "ttl",
          "expiry",
          "age",
          "method",
          "methods",
          "endpoint",
          "field",
          "env",
          "mode",
          "status");

  /** Tokens of paging through a list. */
  private static final Set<String> PAGING = Set.of("nextpage", "page", "next", "continuation");

  /** Secret as the whole name, or as the last word of one. */
  private static final Set<String> LAST_WORDS = Set.of("auth", "pass", "otp", "totp", "pin");

  /** Secret as a URL parameter: a signature there is a capability, in a header it is a check. */
  private static final Set<String> SIGNATURES = Set.of("sig", "signature", "hmac", "samlresponse");

  /** Too common to be secret by name: as a URL parameter they are so by the length of the value. */
  private static final Set<String> SECRET_IF_LONG = Set.of("key", "code", "ticket", "nonce", "sid");

  /** From this many characters on a value is long. */
  static final int LONG_VALUE = 16;

  private SecretNames() {}

  /** Whether the value of a header with this name, in lower case, is secret as a whole. */
  static boolean header(String name) {
    return !name.startsWith("access-control-") && secret(name);
  }

  /** Whether the value of this URL parameter is secret; the name may be percent-encoded. */
  static boolean parameter(String encodedName, boolean longValue) {
    String name = decoded(encodedName);
    String letters = letters(name);
    return secret(name)
        || SIGNATURES.stream().anyMatch(letters::endsWith)
        || (SECRET_IF_LONG.contains(letters) && longValue);
  }

  /** Whether what is assigned to this name (a variable, a property, a JSON field) is secret. */
  static boolean assigned(String encodedName) {
    String name = decoded(encodedName);
    String letters = letters(name);
    return !letters.equals("pwd") && !letters.equals("oldpwd") && secret(name);
  }

  /** Whether the value of this command line option is secret; the name is without its dashes. */
  static boolean option(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return !lower.startsWith("no-")
        && !lower.equals("pwd")
        && (secret(name) || lower.endsWith("bearer"));
  }

  private static boolean secret(String name) {
    String end =
        name.length() <= LONGEST_NAME ? name : name.substring(name.length() - LONGEST_NAME);
    List<String> words = words(end);
    if (words.isEmpty()) {
      return false;
    }
    String last = words.getLast();
    String letters = letters(end);
    if (letters.endsWith("token")) {
      return !PAGING.contains(letters.substring(0, letters.length() - "token".length()));
    }
    return ENDINGS.stream().anyMatch(letters::endsWith)
        || LAST_WORDS.contains(last)
        || (!HARMLESS_LAST_WORDS.contains(last)
            && words.stream().anyMatch(TELLING_WORDS::contains));
  }

  /** The words of a name, in lower case: divided by other characters and by camel case. */
  private static List<String> words(String name) {
    List<String> words = new ArrayList<>();
    var word = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean hump = i > 0 && Character.isUpperCase(c) && Character.isLowerCase(name.charAt(i - 1));
      if ((hump || !isLetterOrDigit(c)) && !word.isEmpty()) {
        words.add(word.toString());
        word.setLength(0);
      }
      if (isLetterOrDigit(c)) {
        word.append(Character.toLowerCase(c));
      }
    }
    if (!word.isEmpty()) {
      words.add(word.toString());
    }
    return words;
  }

  /** The letters and digits of a name in lower case, without the number at its end. */
  private static String letters(String name) {
    var letters = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      if (isLetterOrDigit(name.charAt(i))) {
        letters.append(Character.toLowerCase(name.charAt(i)));
      }
    }
    int end = letters.length();
    while (end > 0 && letters.charAt(end - 1) >= '0' && letters.charAt(end - 1) <= '9') {
      end--;
    }
    return letters.substring(0, end);
  }

  private static boolean isLetterOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  private static String decoded(String encoded) {
    String text = encoded;
    for (int round = 0; round < DECODING_ROUNDS && text.indexOf('%') >= 0; round++) {
      text = percentDecoded(text);
    }
    return text;
  }

  /** Decodes what is validly encoded and leaves the rest, one char for each byte. */
  static String percentDecoded(String text) {
    var decoded = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%' && i + 2 < text.length()) {
        int high = Character.digit(text.charAt(i + 1), 16);
        int low = Character.digit(text.charAt(i + 2), 16);
        if (high >= 0 && low >= 0) {
          decoded.append((char) (high * 16 + low));
          i += 2;
          continue;
        }
      }
      decoded.append(c);
    }
    return decoded.toString();
  }
}
