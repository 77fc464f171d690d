package dev.earshot.store;

import dev.earshot.exchange.Redaction;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.core.json.JsonFactory;

/**
 * Masks secrets in the text of a body. {@link Redaction} knows names and shapes; this knows where a
 * name and its value stand in JSON, XML and the two kinds of forms. What is no secret stays as it
 * was, char for char. Never throws on any text.
 */
final class HarMask {
  /** What is longer cannot be looked through as a whole. In chars. */
  static final int LONGEST = 256 * 1024;

  private static final JsonFactory JSON = new JsonFactory();

  /** The media type's essence is told by its begin. */
  static final String FORM = "application/x-www-form-urlencoded";

  private static final String MULTIPART = "multipart/";

  private static final Pattern ELEMENT =
      Pattern.compile("<(?:[\\w.-]{1,64}:)?([\\w.-]{1,128})(?:\\s[^<>]{0,4096})?>([^<>]+)(?=<)");
  private static final Pattern CDATA =
      Pattern.compile(
          "<(?:[\\w.-]{1,64}:)?([\\w.-]{1,128})(?:\\s[^<>]{0,4096})?>\\s*+<!\\[CDATA\\[");

  /** The head of a part, up to its blank line, and the name of its field. */
  private static final Pattern PART =
      Pattern.compile(
          "(?i)content-disposition:[^\\r\\n]{0,1024}?[;\\s]name=\"?([^\"\\r\\n;]{1,256})\"?[^\\r\\n]*"
              + "(?:\\r?\\n[^\\r\\n]{1,1024}+){0,16}+\\r?\\n\\r?\\n");

  private final Redaction redaction;

  HarMask(Redaction redaction) {
    this.redaction = redaction;
  }

  /** Whether there is anything to mask at all. */
  boolean isOn() {
    return redaction != Redaction.NONE;
  }

  /**
   * The text with its secrets masked.
   *
   * @param mimeType of a body; empty if it is not known
   */
  String body(String mimeType, String text) {
    if (!isOn()) {
      return text;
    }
    String type = mimeType.strip().toLowerCase(Locale.ROOT);
    if (type.startsWith(FORM)) {
      return form(text);
    }
    if (text.length() > LONGEST) {
      return Redaction.MASK;
    }
    if (type.startsWith(MULTIPART)) {
      return redaction.text(parts(text));
    }
    if (type.contains("json") || beginsAsJson(text)) {
      return json(text);
    }
    return redaction.text(type.contains("xml") || beginsWith(text, '<') ? elements(text) : text);
  }

  /** Whether something would be masked in this piece of a longer text. */
  boolean findsIn(String piece) {
    return isOn() && !redaction.text(elements(piece)).equals(piece);
  }

  private String form(String text) {
    return redaction.url("?" + text).substring(1);
  }

  private static boolean beginsAsJson(String text) {
    return beginsWith(text, '{') || beginsWith(text, '[') || beginsWith(text, '"');
  }

  private static boolean beginsWith(String text, char first) {
    int at = 0;
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
    return at < text.length() && text.charAt(at) == first;
  }

  /** Text of elements with secret names. */
  private String elements(String text) {
    String masked = ELEMENT.matcher(text).replaceAll(this::element);
    // The end of such a section may be anywhere; what is behind one is not told from it.
    Matcher section = CDATA.matcher(masked);
    while (section.find()) {
      if (redaction.masksValuesOf(section.group(1))) {
        return masked.substring(0, section.end()) + Redaction.MASK;
      }
    }
    return masked;
  }

  private String element(MatchResult found) {
    boolean secret = redaction.masksValuesOf(found.group(1)) && !found.group(2).isBlank();
    String tag = found.group().substring(0, found.group().length() - found.group(2).length());
    return Matcher.quoteReplacement(secret ? tag + Redaction.MASK : found.group());
  }

  /** RFC 7578: the content of parts whose fields have secret names, up to the next boundary. */
  private String parts(String text) {
    int end = text.indexOf('\n');
    String boundary = (end < 0 ? text : text.substring(0, end)).strip();
    if (!boundary.startsWith("--")) {
      return text;
    }
    var masked = new StringBuilder(text.length());
    int done = 0;
    Matcher part = PART.matcher(text);
    while (part.find(done)) {
      masked.append(text, done, part.end());
      done = part.end();
      if (redaction.masksValuesOf(part.group(1))) {
        int next = text.indexOf(boundary, done);
        int last = next < 0 ? text.length() : next;
        // The line break before the boundary belongs to that.
        int content = last;
        while (next >= 0 && content > done && "\r\n".indexOf(text.charAt(content - 1)) >= 0) {
          content--;
        }
        masked.append(content > done ? Redaction.MASK : "").append(text, content, last);
        done = last;
      }
    }
    return masked.append(text, done, text.length()).toString();
  }

  /** A sequence of JSON values; from where it is none, any text. */
  private String json(String text) {
    return new JsonText(text).masked();
  }

  /** One walk through a text that is JSON as far as it goes. */
  private final class JsonText {
    private final String text;
    private final StringBuilder masked;

    /** All before this was copied or replaced. */
    private int done;

    /** Whether the next value is that of a secret name. */
    private boolean secret;

    /** How many arrays and objects within a value of a secret name are open. */
    private int within;

    JsonText(String text) {
      this.text = text;
      this.masked = new StringBuilder(text.length());
    }

    String masked() {
      int whole = 0;
      try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text)) {
        while (parser.nextToken() != null) {
          take(parser);
          whole = Math.max(done, end(parser));
        }
        return masked.append(text, done, text.length()).toString();
      } catch (JacksonException notJson) {
        return masked.append(text, done, whole).append(rest(text.substring(whole))).toString();
      }
    }

    /** Behind a secret name the rest may begin with its value. */
    private String rest(String rest) {
      if (!secret && within == 0) {
        return redaction.text(rest);
      }
      int at = 0;
      while (at < rest.length() && ": \t\r\n\"".indexOf(rest.charAt(at)) >= 0) {
        at++;
      }
      return at < rest.length() ? rest.substring(0, at) + Redaction.MASK : rest;
    }

    /** The parser looks ahead behind a name. */
    private int end(JsonParser parser) {
      if (parser.currentToken() != JsonToken.PROPERTY_NAME) {
        return (int) parser.currentLocation().getCharOffset();
      }
      int at = (int) parser.currentTokenLocation().getCharOffset() + 1;
      while (text.charAt(at) != '"') {
        at += text.charAt(at) == '\\' ? 2 : 1;
      }
      return at + 1;
    }

    private void take(JsonParser parser) {
      JsonToken token = parser.currentToken();
      switch (token) {
        case PROPERTY_NAME -> {
          String name = parser.currentName();
          secret = redaction.masksValuesOf(name);
          replaceIfOther(parser, name);
        }
        case START_OBJECT, START_ARRAY -> {
          within += secret || within > 0 ? 1 : 0;
          secret = false;
        }
        case END_OBJECT, END_ARRAY -> within -= within > 0 ? 1 : 0;
        case VALUE_STRING -> {
          String value = parser.getString();
          if ((secret || within > 0) && !value.isEmpty()) {
            replace(parser, Redaction.MASK);
          } else {
            replaceIfOther(parser, value);
          }
          secret = false;
        }
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
          if (secret || within > 0) {
            parser.getString();
            replace(parser, Redaction.MASK);
          }
          secret = false;
        }
        default -> secret = false;
      }
    }

    private void replaceIfOther(JsonParser parser, String value) {
      String other = redaction.text(value);
      if (!other.equals(value)) {
        replace(parser, other);
      }
    }

    private void replace(JsonParser parser, String value) {
      int start = (int) parser.currentTokenLocation().getCharOffset();
      masked.append(text, done, start).append('"');
      JsonStringEncoder.getInstance().quoteAsString(value, masked);
      masked.append('"');
      done = end(parser);
    }
  }
}
