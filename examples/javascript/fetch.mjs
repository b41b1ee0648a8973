// Fetches URLs, follows their redirects, and keeps cookies from one to the next: node fetch.mjs URL...
import { client, cookies, settings } from './xenon/xenon.js';

const [browser, options] = [new client.Client(), new settings.Options()];
options.setCookieJar(new cookies.CookieJar());
browser.setOptions(options);
for (const url of process.argv.slice(2)) {
  const response = browser.request('GET', url).send(); // the last one, after redirects
  console.log(response.status(), response.url());
  console.log(new TextDecoder().decode(response.readToEnd()));
}
