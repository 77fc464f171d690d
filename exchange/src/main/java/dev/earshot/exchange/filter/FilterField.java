package dev.earshot.exchange.filter;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What can stand before a colon. */
enum FilterField {
  METHOD,
  STATUS,
  HOST,
  PATH,
  TYPE,
  HEADER,
  BODY,
  DURATION,
  SIZE,
  PROCESS,
  PID,
  RUN,
  PROTO,
  IS;

  /** What people call a field that has another name here. */
  private static final Map<String, FilterField> OTHER_NAMES =
      Map.ofEntries(
          Map.entry("verb", METHOD),
          Map.entry("code", STATUS),
          Map.entry("domain", HOST),
          Map.entry("url", PATH),
          Map.entry("uri", PATH),
          Map.entry("mime", TYPE),
          Map.entry("content-type", TYPE),
          Map.entry("headers", HEADER),
          Map.entry("content", BODY),
          Map.entry("time", DURATION),
          Map.entry("latency", DURATION),
          Map.entry("took", DURATION),
          Map.entry("bytes", SIZE),
          Map.entry("length", SIZE),
          Map.entry("name", PROCESS),
          Map.entry("program", PROCESS),
          Map.entry("protocol", PROTO),
          Map.entry("version", PROTO));

  /** As it is written. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The text field that it is, if it is one. */
  Optional<TextField> text() {
    return switch (this) {
      case METHOD -> Optional.of(TextField.METHOD);
      case HOST -> Optional.of(TextField.HOST);
      case PATH -> Optional.of(TextField.PATH);
      case TYPE -> Optional.of(TextField.TYPE);
      case PROCESS -> Optional.of(TextField.PROCESS);
      case BODY -> Optional.of(TextField.BODY);
      case STATUS, HEADER, DURATION, SIZE, PID, RUN, PROTO, IS -> Optional.empty();
    };
  }

  /** The number field that it is, if it is one: those can be compared. */
  Optional<NumberField> number() {
    return switch (this) {
      case STATUS -> Optional.of(NumberField.STATUS);
      case DURATION -> Optional.of(NumberField.DURATION);
      case SIZE -> Optional.of(NumberField.SIZE);
      case PID -> Optional.of(NumberField.PID);
      case RUN -> Optional.of(NumberField.RUN);
      case METHOD, HOST, PATH, TYPE, HEADER, BODY, PROCESS, PROTO, IS -> Optional.empty();
    };
  }

  /** A value that it can have, for messages. */
  String example() {
    return switch (this) {
      case METHOD -> "method:post";
      case STATUS -> "status:404, status:5xx or status>=400";
      case HOST -> "host:*.example.com";
      case PATH -> "path:/v1/*";
      case TYPE -> "type:json";
      case HEADER -> "header:accept or header:accept=json";
      case BODY -> "body:\"some text\"";
      case DURATION -> "duration>500ms";
      case SIZE -> "size>64k";
      case PROCESS -> "process:node";
      case PID -> "pid:42";
      case RUN -> "run:2";
      case PROTO -> "proto:h2";
      case IS -> "is:failed";
    };
  }

  /** The field of this name, without case. */
  static Optional<FilterField> named(String name) {
    for (FilterField field : values()) {
      if (field.word().equalsIgnoreCase(name)) {
        return Optional.of(field);
      }
    }
    return Optional.empty();
  }

  /** The field that was probably meant by a name that none has. */
  static Optional<FilterField> meantBy(String name) {
    FilterField other = OTHER_NAMES.get(name.toLowerCase(Locale.ROOT));
    if (other != null) {
      return Optional.of(other);
    }
    List<String> words = new ArrayList<>();
    for (FilterField field : values()) {
      words.add(field.word());
    }
    return Nearest.to(name, words).flatMap(FilterField::named);
  }
}
