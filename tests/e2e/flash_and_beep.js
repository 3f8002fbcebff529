// Replaces camera and microphone by a drawn picture and a made sound that mark the same instants:
// once a second the picture is white and a 3 kHz tone sounds, for 120 ms.
(() => {
  const WIDTH = 640, HEIGHT = 360, RATE = 15, MARK_S = 0.12;
  async function marked(constraints) {
    const tracks = [];
    const audio = new AudioContext({ latencyHint: "interactive" });
    await audio.resume();
    if (constraints.audio) {
      const gain = audio.createGain();
      gain.gain.value = 0;
      const tone = audio.createOscillator();
      tone.frequency.value = 3000;
      const out = audio.createMediaStreamDestination();
      tone.connect(gain).connect(out);
      tone.start();
      for (let second = 1; second < 600; second++) {
        gain.gain.setValueAtTime(0.8, second);
        gain.gain.setValueAtTime(0, second + MARK_S);
      }
      tracks.push(...out.stream.getAudioTracks());
    }
    if (constraints.video) {
      const canvas = document.createElement("canvas");
      canvas.width = WIDTH;
      canvas.height = HEIGHT;
      const paint = canvas.getContext("2d");
      let n = 0;
      setInterval(() => {
        const lit = audio.currentTime > 1 && audio.currentTime % 1 < MARK_S;
        paint.fillStyle = lit ? "#ffffff" : "#101840";
        paint.fillRect(0, 0, WIDTH, HEIGHT);
        paint.fillStyle = lit ? "#ffffff" : "#c04020";
        paint.fillRect((n++ * 8) % WIDTH, 150, 60, 60);
      }, 1000 / (2 * RATE));
      tracks.push(...canvas.captureStream(RATE).getVideoTracks());
    }
    return new MediaStream(tracks);
  }
  navigator.mediaDevices.getUserMedia = (constraints) => marked(constraints ?? {});
})();
