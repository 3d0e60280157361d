class Installed: pass
