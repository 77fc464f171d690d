package dev.earshot.exchange.filter;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Heads;
import dev.earshot.exchange.RecordedExchange;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The meaning of filters for one exchange. Used once. */
final class FilterMatch {
  private static final long MICROS_PER_SECOND = 1_000_000;
  private static final long NANOS_PER_MICRO = 1_000;

  /** What is said of a term: what is unknown is neither so nor not so. */
  private enum Truth {
    YES,
    NO,
    UNKNOWN;

    static Truth of(boolean yes) {
      return yes ? YES : NO;
    }
  }

  private final RecordedExchange exchange;
  private final BodyText bodies;
  private final Map<Direction, CharSequence> texts = new EnumMap<>(Direction.class);
  private boolean gaveUp;

  FilterMatch(RecordedExchange exchange, BodyText bodies) {
    this.exchange = exchange;
    this.bodies = bodies;
  }

  Verdict of(Filter filter) throws IOException {
    if (holds(filter, true)) {
      return Verdict.MATCHES;
    }
    return gaveUp ? Verdict.GAVE_UP : Verdict.DIFFERS;
  }

  /** Whether the filter is certainly so. */
  private boolean holds(Filter filter, boolean wanted) throws IOException {
    return switch (filter) {
      case Filter.All(var parts) -> wanted ? every(parts, true) : one(parts, false);
      case Filter.Any(var parts) -> wanted ? one(parts, true) : every(parts, false);
      case Filter.Not(var part) -> holds(part, !wanted);
      case Filter.Term term -> truth(term) == Truth.of(wanted);
    };
  }

  private boolean every(List<Filter> parts, boolean wanted) throws IOException {
    for (Filter part : cheapFirst(parts)) {
      if (!holds(part, wanted)) {
        return false;
      }
    }
    return true;
  }

  private boolean one(List<Filter> parts, boolean wanted) throws IOException {
    for (Filter part : cheapFirst(parts)) {
      if (holds(part, wanted)) {
        return true;
      }
    }
    return false;
  }

  private static List<Filter> cheapFirst(List<Filter> parts) {
    if (parts.stream().noneMatch(Filter::asksBodies)) {
      return parts;
    }
    List<Filter> sorted = new ArrayList<>(parts);
    sorted.sort((a, b) -> Boolean.compare(a.asksBodies(), b.asksBodies()));
    return sorted;
  }

  private Truth truth(Filter.Term term) throws IOException {
    return switch (term) {
      case Filter.Word(var text) ->
          either(truth(text.part(exchange.host())), truth(text.part(exchange.url())));
      case Filter.Text(var field, var value) when field == TextField.BODY -> body(value);
      case Filter.Text(var field, var value) ->
          text(field).map(text -> truth(field.compare(value, text))).orElse(Truth.UNKNOWN);
      case Filter.HasHeader(var name, var value) -> header(name, value);
      case Filter.Measure(var field, var comparison, var value) -> {
        OptionalLong number = number(field);
        yield number.isPresent()
            ? Truth.of(comparison.holds(number.getAsLong(), value))
            : Truth.UNKNOWN;
      }
      case Filter.StatusClass(var hundreds) ->
          exchange
              .response()
              .map(response -> Truth.of(response.head().status() / 100 == hundreds))
              .orElse(Truth.UNKNOWN);
      case Filter.Proto(var protocol) ->
          Truth.of(protocol.versions().contains(exchange.request().version()));
      case Filter.Is(var trait) -> Truth.of(trait.of(exchange));
    };
  }

  private Optional<String> text(TextField field) {
    return switch (field) {
      case METHOD -> Optional.of(exchange.request().method());
      case HOST -> Optional.of(exchange.host());
      case PATH -> Optional.of(exchange.url());
      case TYPE -> exchange.response().map(response -> Heads.mediaType(response.head().headers()));
      case PROCESS -> exchange.client().name();
      case BODY -> throw new IllegalArgumentException("a body is not held");
    };
  }

  private OptionalLong number(NumberField field) {
    boolean pending = exchange.end() instanceof ExchangeEnd.Pending;
    return switch (field) {
      case STATUS ->
          exchange
              .response()
              .map(response -> OptionalLong.of(response.head().status()))
              .orElse(OptionalLong.empty());
      case DURATION ->
          switch (exchange.end()) {
            case ExchangeEnd.Finished finished -> micros(finished.duration());
            case ExchangeEnd.Failed failed -> micros(failed.duration());
            case ExchangeEnd.Pending _ -> OptionalLong.empty();
          };
      case SIZE ->
          pending || (exchange.response().isEmpty() && exchange.tunnel().isEmpty())
              ? OptionalLong.empty()
              : OptionalLong.of(exchange.responseBody().bytes());
      case PID -> exchange.client().pid();
      case RUN -> OptionalLong.of(exchange.run());
    };
  }

  private static OptionalLong micros(Duration duration) {
    return OptionalLong.of(
        duration.getSeconds() * MICROS_PER_SECOND + duration.getNano() / NANOS_PER_MICRO);
  }

  private static Truth either(Truth left, Truth right) {
    return left == Truth.NO || right == Truth.YES ? right : left;
  }

  /** Whether something that may still come decides, where nothing was found so far. */
  private Truth unlessMoreComes(Truth found) {
    boolean pending = exchange.end() instanceof ExchangeEnd.Pending;
    return found == Truth.NO && pending ? Truth.UNKNOWN : found;
  }

  private Truth header(TextPattern name, Optional<TextPattern> value) {
    Truth sent = header(exchange.request().headers(), name, value);
    return exchange
        .response()
        .map(response -> either(sent, header(response.head().headers(), name, value)))
        .orElseGet(() -> unlessMoreComes(sent));
  }

  private Truth header(List<Header> headers, TextPattern name, Optional<TextPattern> value) {
    Truth any = Truth.NO;
    for (Header header : headers) {
      Truth one = name(name, header);
      if (one == Truth.YES && value.isPresent()) {
        one = truth(value.get().part(header.value()));
      }
      any = either(any, one);
      if (any == Truth.YES) {
        return any;
      }
    }
    return any;
  }

  /** A regular expression need not know how a sender writes the name. */
  private Truth name(TextPattern pattern, Header header) {
    Truth written = truth(pattern.whole(header.name()));
    return pattern instanceof TextPattern.Regex
        ? either(written, truth(pattern.whole(header.lowerCaseName())))
        : written;
  }

  private Truth body(TextPattern value) throws IOException {
    Truth any = Truth.NO;
    for (Direction direction : Direction.values()) {
      CharSequence text = texts.get(direction);
      if (text == null) {
        text = bodies.of(direction);
        texts.put(direction, text);
      }
      any = either(any, truth(value.partOfBody(text)));
      if (any == Truth.YES) {
        return any;
      }
    }
    return unlessMoreComes(any);
  }

  private Truth truth(Verdict verdict) {
    return switch (verdict) {
      case MATCHES -> Truth.YES;
      case DIFFERS -> Truth.NO;
      case GAVE_UP -> {
        gaveUp = true;
        yield Truth.UNKNOWN;
      }
    };
  }
}
