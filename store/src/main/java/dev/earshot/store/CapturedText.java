package dev.earshot.store;

import dev.earshot.content.BodyContent;
import dev.earshot.content.DecodeLimits;
import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.filter.BodyText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The bodies of an exchange as a filter searches them: decoded, as far as they are kept, at most 16
 * MiB of each. What is not text is searched for text in UTF-8 all the same.
 */
public record CapturedText(RecordedExchange exchange, BodySource source) implements BodyText {
  @Override
  public CharSequence of(Direction direction) throws IOException {
    Body body =
        switch (direction) {
          case UP -> exchange.requestBody();
          case DOWN -> exchange.responseBody();
        };
    if (body.kept() == 0) {
      return "";
    }
    return switch (BodyContent.read(
        headers(direction), body, source, direction, DecodeLimits.DEFAULT)) {
      case BodyContent.Text(var text, _) -> text;
      case BodyContent.Binary(var bytes, _, _) -> StandardCharsets.UTF_8.decode(bytes.duplicate());
    };
  }

  private List<Header> headers(Direction direction) {
    return switch (direction) {
      case UP -> exchange.request().headers();
      case DOWN -> exchange.response().map(response -> response.head().headers()).orElse(List.of());
    };
  }
}
