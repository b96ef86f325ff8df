/** What activating an extension costs the editor anyway. */
exports.activate = () => {};
