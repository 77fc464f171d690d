// Prints the body of each URL, one after the other.
const axios = require('axios');

(async () => {
  for (const url of process.argv.slice(2)) {
    const answer = await axios.get(url, {responseType: 'text'});
    process.stdout.write(answer.data);
  }
})();
